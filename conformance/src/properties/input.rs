//! Structured input out of any bytes, and the bytes for a structured input.

/// Reads values from bytes. After the last byte every number is zero and every text empty.
#[derive(Clone, Debug)]
pub struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    /// Reads from `bytes`.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Whether all bytes are used.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One byte.
    pub fn byte(&mut self) -> u8 {
        let (first, rest) = self.0.split_first().unwrap_or((&0, &[]));
        self.0 = rest;
        *first
    }

    /// A number of 32 bits, least significant byte first.
    pub fn number(&mut self) -> u32 {
        u32::from_le_bytes([self.byte(), self.byte(), self.byte(), self.byte()])
    }

    /// A number below `bound`, which is not zero.
    pub fn below(&mut self, bound: usize) -> usize {
        let number = usize::from(u16::from_le_bytes([self.byte(), self.byte()]));
        number.checked_rem(bound).unwrap_or_default()
    }

    /// One of several values; the first where there are no bytes left.
    pub fn one_of<T: Copy>(&mut self, first: T, others: &[T]) -> T {
        let at = self.byte() as usize % (others.len() + 1);
        at.checked_sub(1).and_then(|at| others.get(at)).copied().unwrap_or(first)
    }

    /// Bytes with their length in front, in two bytes; fewer where there are not so many left.
    pub fn bytes(&mut self) -> &'a [u8] {
        let length = usize::from(u16::from_le_bytes([self.byte(), self.byte()]));
        let (taken, rest) = self.0.split_at(length.min(self.0.len()));
        self.0 = rest;
        taken
    }

    /// Bytes as [`Input::bytes`], with what is not UTF-8 replaced.
    pub fn text(&mut self) -> String {
        String::from_utf8_lossy(self.bytes()).into_owned()
    }

    /// All bytes that are left.
    pub fn rest(&mut self) -> &'a [u8] {
        core::mem::take(&mut self.0)
    }
}

/// Writes what [`Input`] reads.
#[derive(Clone, Debug, Default)]
pub struct Output(Vec<u8>);

impl Output {
    /// Writes one byte.
    pub fn byte(&mut self, byte: u8) -> &mut Self {
        self.0.push(byte);
        self
    }

    /// Writes a number of 32 bits.
    pub fn number(&mut self, number: u32) -> &mut Self {
        self.0.extend_from_slice(&number.to_le_bytes());
        self
    }

    /// Writes bytes with their length in front; what is longer than 65,535 bytes is cut.
    pub fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
        self.0.extend_from_slice(&length.to_le_bytes());
        self.0.extend(bytes.iter().take(usize::from(length)));
        self
    }

    /// Writes bytes to the end.
    pub fn rest(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend_from_slice(bytes);
        self
    }

    /// All that was written.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

/// The pieces of `bytes` between the cuts that `input` tells; together they are `bytes`.
#[must_use]
pub fn pieces<'b>(mut bytes: &'b [u8], input: &mut Input<'_>) -> Vec<&'b [u8]> {
    let mut pieces = Vec::new();
    while !bytes.is_empty() && !input.is_empty() {
        let length = usize::from(input.byte()).min(bytes.len()).max(1);
        let (piece, rest) = bytes.split_at(length);
        pieces.push(piece);
        bytes = rest;
    }
    pieces.push(bytes);
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut output = Output::default();
        output.byte(7).number(70_000).bytes(b"abc").rest(b"de");
        let bytes = output.into_bytes();
        let mut input = Input::new(&bytes);
        assert_eq!((input.byte(), input.number()), (7, 70_000));
        assert_eq!((input.bytes(), input.rest()), (b"abc".as_slice(), b"de".as_slice()));
        assert!(input.is_empty());
    }

    #[test]
    fn nothing_is_left_after_the_end() {
        let mut input = Input::new(&[9]);
        assert_eq!(input.number(), 9);
        assert_eq!((input.byte(), input.below(5), input.text()), (0, 0, String::new()));
        assert_eq!(input.one_of('a', &['b']), 'a');
    }

    #[test]
    fn pieces_are_the_whole() {
        for cuts in [b"".as_slice(), &[0, 0], &[2, 9], &[1; 20]] {
            let pieces = pieces(b"abcdef", &mut Input::new(cuts));
            assert_eq!(pieces.concat(), b"abcdef");
        }
    }
}
