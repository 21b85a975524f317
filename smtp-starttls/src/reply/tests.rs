extern crate std;
use std::string::{String, ToString};
use std::vec::Vec;

use super::*;

type Line = (u16, String, bool);

/// All lines of a stream fed in pieces of this size, and how it ended.
fn read(stream: &[u8], piece: usize, line_ends: LineEnds) -> (Vec<Line>, Option<ReplyError>) {
    let mut reader = ReplyReader::new(line_ends);
    let mut lines = Vec::new();
    for piece in stream.chunks(piece) {
        let mut rest = piece;
        while !rest.is_empty() {
            match reader.read(rest) {
                Ok(Read::Partial) => break,
                Ok(Read::Line { line, taken }) => {
                    lines.push((line.code().value(), line.escaped().to_string(), line.is_last()));
                    rest = &rest[taken..];
                }
                Err(error) => {
                    assert_eq!(reader.read(b"250 ok\r\n"), Err(error), "poisoned");
                    return (lines, Some(error));
                }
            }
        }
    }
    (lines, None)
}

#[track_caller]
fn refused(stream: &[u8], error: ReplyError) {
    for piece in [1, 2, 3, stream.len()] {
        assert_eq!(read(stream, piece, LineEnds::Crlf).1, Some(error), "in pieces of {piece}");
    }
}

#[test]
fn p1_rfc5321_2_3_8_only_crlf_ends_a_line() {
    refused(b"250 a\n", ReplyError::BareLf(5));
    refused(b"250\n", ReplyError::BareLf(3));
    refused(b"250 a\rb\r\n", ReplyError::BareCr(5));
    refused(b"250 a\r\r\n", ReplyError::BareCr(5));
    refused(b"250 a\0b\r\n", ReplyError::Nul(5));
    refused(b"25\0", ReplyError::Nul(2));
    refused(b"\r\n", ReplyError::EmptyLine(0));
    refused(b"\n", ReplyError::BareLf(0));
    refused(b"250-a\r\n\r\n", ReplyError::EmptyLine(7));
}

#[test]
fn p1_house_the_leniency_takes_a_bare_lf_but_no_bare_cr() {
    let ends = LineEnds::BareLf;
    let (lines, error) = read(b"250-a\n250-b\r\n250\n", 1, ends);
    assert_eq!(error, None);
    let expected = [(250, "a", false), (250, "b", false), (250, "", true)];
    assert_eq!(lines, expected.map(|(code, text, last)| (code, text.to_string(), last)));
    assert_eq!(read(b"250 a\rb\n", 3, ends).1, Some(ReplyError::BareCr(5)));
    assert_eq!(read(b"\n", 3, ends).1, Some(ReplyError::EmptyLine(0)));
    assert_eq!(read(b"25\n", 3, ends).1, Some(ReplyError::Code(2)));
}

#[test]
fn p2_rfc5321_4_2_a_wrong_code_is_refused_at_its_first_wrong_octet() {
    for (stream, at) in [
        ("000 x\r\n", 0),
        ("099 x\r\n", 0),
        ("199 x\r\n", 0),
        ("260 x\r\n", 1),
        ("600 x\r\n", 0),
        ("25x x\r\n", 2),
        ("+22 x\r\n", 0),
        ("25\r\n", 2),
        ("2 0 x\r\n", 1),
        ("SSH-2.0-x\r\n", 0),
    ] {
        refused(stream.as_bytes(), ReplyError::Code(at));
    }
}

#[test]
fn p3_rfc5321_4_2_1_only_hyphen_space_or_line_end_follow_the_code() {
    refused(b"250_x\r\n", ReplyError::Separator(3));
    refused(b"250X\r\n", ReplyError::Separator(3));
    refused(b"250\tx\r\n", ReplyError::Separator(3));
    refused(b"2500\r\n", ReplyError::Separator(3));
    for stream in [&b"250\r\n"[..], b"250 \r\n"] {
        assert_eq!(read(stream, 9, LineEnds::Crlf).0, [(250, String::new(), true)]);
    }
    assert_eq!(read(b"250-\r\n", 9, LineEnds::Crlf).0, [(250, String::new(), false)]);
}

#[test]
fn p4_rfc5321_4_2_1_all_lines_have_one_code() {
    refused(b"220-a\r\n454 b\r\n", ReplyError::MixedCodes(9));
    refused(b"250-a\r\n250-b\r\n251 c\r\n", ReplyError::MixedCodes(16));
    let (lines, error) = read(b"250 a\r\n354 b\r\n", 99, LineEnds::Crlf);
    assert_eq!((lines.len(), error), (2, None));
}

#[test]
fn p5_house_a_line_has_2048_octets_at_most() {
    let line = |text: usize| [b"250 ".as_slice(), &[b'a'].repeat(text), b"\r\n"].concat();
    for piece in [1, 7, 4096] {
        assert_eq!(read(&line(2042), piece, LineEnds::Crlf).1, None);
        let too_long = Some(ReplyError::LineTooLong(2048));
        assert_eq!(read(&line(2043), piece, LineEnds::Crlf).1, too_long);
        assert_eq!(read(&line(9000), piece, LineEnds::Crlf).1, too_long);
        let endless = [b"250-".as_slice(), &[b'a'].repeat(2045)].concat();
        assert_eq!(endless.len(), 2049);
        assert_eq!(read(&endless, piece, LineEnds::Crlf).1, too_long);
        assert_eq!(read(&endless[..2048], piece, LineEnds::Crlf).1, None);
    }
}

#[test]
fn p5_house_a_reply_has_512_lines_at_most() {
    let lines = |count: usize| b"250-\r\n".repeat(count);
    for piece in [1, 5, 9999] {
        let last = [lines(511), b"250 \r\n".to_vec()].concat();
        assert_eq!(read(&last, piece, LineEnds::Crlf).1, None);
        let error = Some(ReplyError::ReplyTooLong(512 * 6));
        let one_more = [lines(512), b"2".to_vec()].concat();
        assert_eq!(read(&one_more, piece, LineEnds::Crlf).1, error);
        assert_eq!(read(&lines(512), piece, LineEnds::Crlf).1, None);
        assert_eq!(read(&lines(600), piece, LineEnds::Crlf).1, error);
    }
}

#[test]
fn p5_house_a_reply_has_64_kib_at_most() {
    let line = [b"250-".as_slice(), &[b'a'].repeat(1018), b"\r\n"].concat();
    let mut whole = line.repeat(63);
    whole.extend([b"250 ".as_slice(), &[b'a'].repeat(1018), b"\r\n"].concat());
    assert_eq!(whole.len(), 65_536);
    for piece in [1, 1500, 70_000] {
        assert_eq!(read(&whole, piece, LineEnds::Crlf).1, None);
        let mut longer = line.repeat(63);
        longer.extend([b"250 ".as_slice(), &[b'a'].repeat(1019), b"\r\n"].concat());
        let error = Some(ReplyError::ReplyTooLong(65_536));
        assert_eq!(read(&longer, piece, LineEnds::Crlf).1, error);
        assert_eq!(read(&line.repeat(97), piece, LineEnds::Crlf).1, error);
    }
}

#[test]
fn p6_house_octets_above_ascii_are_kept_and_logged_escaped() {
    let (lines, error) = read(b"220 caf\xe9 \\ \x07\r\n", 99, LineEnds::Crlf);
    assert_eq!(error, None);
    assert_eq!(lines, [(220, "caf\\xe9 \\x5c \\x07".to_string(), true)]);
}

#[test]
fn p10_house_every_cut_gives_the_same() {
    let streams: [&[u8]; 6] = [
        b"250-mx.example\r\n250-SIZE 1\r\n250 STARTTLS\r\n220 x\r\n",
        b"250-a\r\n251 b\r\n",
        b"250 a\r\n25",
        b"220\r\n221 x\r\r\n",
        b"250-a\r\n250\r\n250-x\n",
        b"250 \xff\r\n\r\n",
    ];
    for stream in streams {
        let whole = read(stream, stream.len(), LineEnds::Crlf);
        for piece in 1..stream.len() {
            assert_eq!(read(stream, piece, LineEnds::Crlf), whole);
        }
    }
}

#[test]
fn a_reader_knows_whether_it_is_within_a_reply() {
    let mut reader = ReplyReader::new(LineEnds::Crlf);
    assert!(reader.is_at_start());
    assert_eq!(reader.read(b"2"), Ok(Read::Partial));
    assert!(!reader.is_at_start());
    assert!(matches!(reader.read(b"50-\r\n"), Ok(Read::Line { taken: 5, .. })));
    assert!(!reader.is_at_start());
    assert!(matches!(reader.read(b"250 \r\n"), Ok(Read::Line { taken: 6, .. })));
    assert!(reader.is_at_start());
}
