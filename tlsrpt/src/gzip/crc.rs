//! CRC-32 as gzip has it (RFC 1952 section 8), eight bytes at a time.

/// The CRC of all these bytes.
pub(super) fn crc32(bytes: &[u8]) -> u32 {
    let (words, rest) = bytes.as_chunks::<8>();
    let crc = words.iter().fold(!0, |crc: u32, word| {
        let word = u64::from_le_bytes(*word) ^ u64::from(crc);
        let step = |crc, at: usize| crc ^ entry(7 - at, (word >> (8 * at)) as u8);
        (0..8).fold(0, step)
    });
    !rest.iter().fold(crc, |crc, &byte| crc >> 8 ^ entry(0, crc as u8 ^ byte))
}

fn entry(table: usize, byte: u8) -> u32 {
    TABLES.get(table).and_then(|table| table.get(usize::from(byte))).copied().unwrap_or_default()
}

/// For each byte its CRC with 0 to 7 zero bytes after it.
static TABLES: [[u32; 256]; 8] = tables();

#[expect(clippy::indexing_slicing, reason = "run by the compiler, which refuses a wrong index")]
const fn tables() -> [[u32; 256]; 8] {
    let mut tables = [[0; 256]; 8];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ POLYNOMIAL } else { crc >> 1 };
            bit += 1;
        }
        tables[0][byte] = crc;
        byte += 1;
    }
    let mut table = 1;
    while table < 8 {
        let mut byte = 0;
        while byte < 256 {
            let before = tables[table - 1][byte];
            tables[table][byte] = before >> 8 ^ tables[0][(before & 0xff) as usize];
            byte += 1;
        }
        table += 1;
    }
    tables
}

const POLYNOMIAL: u32 = 0xedb8_8320;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc1952_8_known_values() {
        for (bytes, crc) in [
            (&b""[..], 0),
            (b"a", 0xe8b7_be43),
            (b"123456789", 0xcbf4_3926),
            (&[0; 32], 0x190a_55ad),
        ] {
            assert_eq!(crc32(bytes), crc);
        }
    }

    #[test]
    fn flate2_agrees_at_every_length() {
        let bytes: alloc::vec::Vec<u8> = (0..100_u8).map(|n| n.wrapping_mul(37) ^ 0x55).collect();
        for length in 0..bytes.len() {
            let mut oracle = flate2::Crc::new();
            oracle.update(&bytes[..length]);
            assert_eq!(crc32(&bytes[..length]), oracle.sum());
        }
    }
}
