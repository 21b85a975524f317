//! Extensions that decide nothing here, and have to have their form nevertheless: a certificate in
//! which one is malformed is refused by others too.

use super::general_name::GeneralNames;
use super::{DerError, Reader, form, single, tag};

/// `SEQUENCE OF SEQUENCE { [0] DistributionPointName, [1] reasons, [2] GeneralNames }`, all optional
/// ([RFC 5280 section 4.2.1.13](https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1.13)).
pub(super) fn distribution_points(value: &[u8]) -> Result<(), DerError> {
    let mut points = single(value, tag::SEQUENCE)?.inner();
    while !points.is_at_end() {
        let mut fields = points.expect(tag::SEQUENCE)?.inner();
        if let Some(name) = fields.take_if(tag::constructed(0))? {
            point_name(name.inner())?;
        }
        if let Some(reasons) = fields.take_if(tag::context(1))? {
            form::bits(reasons.value, reasons.at)?;
        }
        if let Some(issuer) = fields.take_if(tag::constructed(2))? {
            GeneralNames::read(&issuer)?;
        }
        fields.end()?;
    }
    Ok(())
}

/// `CHOICE { [0] GeneralNames, [1] RelativeDistinguishedName }`.
fn point_name(mut choice: Reader<'_>) -> Result<(), DerError> {
    match choice.take_if(tag::constructed(0))? {
        Some(names) => drop(GeneralNames::read(&names)?),
        None => form::relative_name(choice.expect(tag::constructed(1))?.inner())?,
    }
    choice.end()
}
