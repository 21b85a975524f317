use alloc::format;
use alloc::string::String;
use alloc::vec;
use std::io::{Read, Write};

use super::inflate::Oddities;
use super::*;
use crate::limits;

fn inflate(bytes: &[u8]) -> Result<(Vec<u8>, Oddities), GzipError> {
    let whole = inflate_by(bytes, bytes.len().max(1));
    // Any split of the input gives the same result.
    if bytes.len() < 5_000 {
        for portion in [1, 2, 3, 7] {
            assert_eq!(inflate_by(bytes, portion), whole, "portions of {portion}");
        }
    }
    whole
}

fn inflate_by(bytes: &[u8], portion: usize) -> Result<(Vec<u8>, Oddities), GzipError> {
    let mut inflater = Inflater::new(bytes.len(), limits::INFLATED);
    bytes.chunks(portion).try_for_each(|bytes| inflater.push(bytes))?;
    inflater.finish()
}

fn text(length: usize) -> Vec<u8> {
    let lines = (0..).map(|n: u32| format!("{} line\n", n.wrapping_mul(2_654_435_761)));
    lines.flat_map(String::into_bytes).take(length).collect()
}

fn oracle(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::GzBuilder::new()
        .filename("report.json")
        .comment("a comment")
        .extra([1, 2, 3])
        .write(vec![], flate2::Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

// checks: tlsrpt/F3, tlsrpt/F4
#[test]
fn rfc1952_what_we_write_is_read_by_flate2_and_by_us() {
    let mut compressor = Compressor::default();
    for length in [0, 1, 100, 4_095, 4_096, 70_000, 300_000] {
        let text = text(length);
        let bytes = compressor.gzip(&text);
        let mut read = vec![];
        flate2::read::GzDecoder::new(&bytes[..]).read_to_end(&mut read).unwrap();
        assert_eq!(read, text);
        assert_eq!(inflate(&bytes), Ok((text, Oddities::default())));
    }
}

#[test]
fn equal_texts_are_equal_bytes() {
    let mut used = Compressor::new();
    let _ = used.gzip(&text(10_000));
    assert_eq!(used.gzip(b"abc"), Compressor::new().gzip(b"abc"));
}

// checks: tlsrpt/F3
#[test]
fn text_that_does_not_shrink_is_written_too() {
    let mut state = 1_u64;
    let noise: Vec<u8> = (0..100_000)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 56) as u8
        })
        .collect();
    assert_eq!(inflate(&Compressor::new().gzip(&noise)).unwrap().0, noise);
}

// checks: tlsrpt/F4
#[test]
fn rfc1952_2_3_all_parts_of_a_header_are_skipped() {
    let text = text(3_000);
    let mut bytes = oracle(&text);
    assert_eq!(inflate(&bytes), Ok((text.clone(), Oddities::default())));
    // A checksum of the header, which nobody writes: two bytes before the body.
    let header = 10 + 2 + 3 + "report.json".len() + 1 + "a comment".len() + 1;
    bytes[3] |= 2;
    bytes.splice(header..header, [0, 0]);
    assert_eq!(inflate(&bytes), Ok((text, Oddities::default())));
    // An extra field of no bytes.
    let mut bytes = Compressor::new().gzip(b"abc");
    bytes[3] |= 4;
    bytes.splice(10..10, [0, 0]);
    assert_eq!(inflate(&bytes).unwrap().0, b"abc");
}

// checks: tlsrpt/F4
#[test]
fn rfc1952_2_2_several_members_are_one_text() {
    let bytes = [oracle(b"abc"), Compressor::new().gzip(b""), oracle(b"def")].concat();
    assert_eq!(inflate(&bytes), Ok((b"abcdef".to_vec(), Oddities::default())));
}

// checks: tlsrpt/F5
#[test]
fn gzip_cut_short_is_truncated() {
    let bytes = oracle(b"some text");
    for length in 0..bytes.len() {
        assert_eq!(inflate(&bytes[..length]), Err(GzipError::Truncated), "{length}");
    }
    let two = [bytes.clone(), bytes.clone()].concat();
    for length in bytes.len() + 2..two.len() {
        assert_eq!(inflate(&two[..length]), Err(GzipError::Truncated), "{length}");
    }
}

// checks: tlsrpt/F4
#[test]
fn gzip_that_is_damaged() {
    let bytes = Compressor::new().gzip(b"some text");
    for (at, byte) in [(0, 0), (1, 0), (2, 7), (3, 0x20), (10, 0x07)] {
        let mut damaged = bytes.clone();
        damaged[at] = byte;
        assert_eq!(inflate(&damaged), Err(GzipError::Damaged), "byte {at}");
    }
}

// checks: tlsrpt/F5
#[test]
fn oddities_are_told() {
    let bytes = Compressor::new().gzip(b"abc");
    for at in [bytes.len() - 8, bytes.len() - 1] {
        let mut wrong = bytes.clone();
        wrong[at] ^= 1;
        assert_eq!(inflate(&wrong).unwrap().1, Oddities { crc: true, trailing: false });
    }
    for more in [&[0][..], &[0x1f], &[0x1f, 0x8c, 8], b"\r\n"] {
        let odd = [&bytes, more].concat();
        let expected = Oddities { crc: false, trailing: true };
        assert_eq!(inflate(&odd), Ok((b"abc".to_vec(), expected)), "{more:?}");
    }
}

/// Gzip of a text that is easy to compress, with bytes of no use in a header's comment.
fn padded(length: usize, size: usize) -> Vec<u8> {
    let mut bytes = Compressor::new().gzip(&vec![b' '; length]);
    let padding = size.checked_sub(bytes.len() + 1).unwrap();
    bytes[3] |= 0x10;
    bytes.splice(10..10, core::iter::repeat_n(b'x', padding).chain([0]));
    assert_eq!(bytes.len(), size);
    bytes
}

// checks: tlsrpt/P1
#[test]
fn limits_of_growth() {
    let from = limits::RATIO_FROM;
    // Below a million bytes the ratio does not count.
    assert_eq!(inflate(&padded(from - 1, 1_200)).unwrap().0.len(), from - 1);
    assert_eq!(inflate(&padded(from, from / 200)).unwrap().0.len(), from);
    assert_eq!(inflate(&padded(from, from / 200 - 1)), Err(GzipError::TooLarge));
    assert_eq!(inflate(&padded(from, 1_200)), Err(GzipError::TooLarge));
}

// checks: tlsrpt/P1
#[test]
fn limits_of_size() {
    let size = limits::INFLATED / 200 + 50_000;
    assert_eq!(inflate(&padded(limits::INFLATED, size)).unwrap().0.len(), limits::INFLATED);
    assert_eq!(inflate(&padded(limits::INFLATED + 1, size)), Err(GzipError::TooLarge));
    assert_eq!(inflate(&padded(1, limits::COMPRESSED)).unwrap().0.len(), 1);
    assert_eq!(inflate(&padded(1, limits::COMPRESSED + 1)), Err(GzipError::TooLarge));
}
