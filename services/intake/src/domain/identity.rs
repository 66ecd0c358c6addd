//! Numbers that name a person or an organisation, told right from wrong by their check characters.

use calendar::Date;

/// Citizen identity number (GB 11643): 18 characters, ISO 7064 MOD 11-2, with a birth date that exists. The region is
/// not checked against the birth year: codes have changed and numbers have not.
pub fn is_citizen_id(number: &str) -> bool {
    let bytes = number.as_bytes();
    if bytes.len() != 18 || !bytes[..17].iter().all(u8::is_ascii_digit) {
        return false;
    }
    let digit = |i: usize| i16::from(bytes[i] - b'0');
    let year = digit(6) * 1000 + digit(7) * 100 + digit(8) * 10 + digit(9);
    let (month, day) = (digit(10) * 10 + digit(11), digit(12) * 10 + digit(13));
    let born = Date::new(year, month as i8, day as i8);
    year >= 1850 && born.is_ok() && bytes[17] == check_mod_11_2(&bytes[..17])
}

/// Unified social credit code (GB 32100): 18 characters without I, O, S, V, Z, the last one a check modulo 31.
pub fn is_uscc(code: &str) -> bool {
    const ALPHABET: &[u8] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
    const WEIGHTS: [usize; 17] = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];
    let bytes = code.as_bytes();
    let value = |b: &u8| ALPHABET.iter().position(|a| a == b);
    let Some(values) = bytes.iter().map(value).collect::<Option<Vec<_>>>() else { return false };
    if values.len() != 18 {
        return false;
    }
    let sum: usize = values.iter().zip(WEIGHTS).map(|(value, weight)| value * weight).sum();
    values[17] == (31 - sum % 31) % 31
}

/// ISO 7064 MOD 11-2 over digits: the check character, 0 to 9 or X.
pub fn check_mod_11_2(digits: &[u8]) -> u8 {
    let sum = digits.iter().fold(0u32, |sum, digit| (sum + u32::from(digit - b'0')) * 2 % 11);
    b"0123456789X"[((12 - sum) % 11) as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_handbook_s_numbers_are_right_and_altered_ones_wrong() {
        for id in ["41022319900101001X", "410223198812300024", "410223197006151234"] {
            assert!(is_citizen_id(id), "{id}");
            let altered = format!("{}{}", &id[..17], if id.ends_with('1') { '2' } else { '1' });
            assert!(!is_citizen_id(&altered), "{altered}");
        }
        for code in ["11410223005380613G", "12410223MB0123456P", "91410223MA40000016"] {
            assert!(is_uscc(code), "{code}");
            assert!(!is_uscc(&format!("{}{}", &code[..17], if code.ends_with('A') { 'B' } else { 'A' })), "{code}");
        }
    }

    #[test]
    fn what_has_no_such_form_is_wrong_and_never_a_panic() {
        for text in [
            "",
            "1",
            "4102231990010100",
            "41022319900230001X",
            "行政许可行政许可行政",
            "41022319901301001X",
            "é".repeat(9).as_str(),
        ] {
            assert!(!is_citizen_id(text), "{text}");
            assert!(!is_uscc(text), "{text}");
        }
    }
}
