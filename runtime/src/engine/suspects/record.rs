//! The record of process deaths in a run's row.

/// A run's record, in the column `loads` of its row. Progress clears it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Record {
    /// The number of processes that died with the run at work; the higher, the more suspect.
    pub(super) deaths: u16,
    /// The number of them, in a row, while its code was being polled and no other run explains the death; at most
    /// [`PROOFS`].
    pub(super) proofs: u8,
    /// The number of deaths while it was on probation alone and no suspect's code was being polled.
    pub(super) unexplained: u16,
}

/// The number of proofs with which a run is parked. A kill from outside mostly finds code that waits; one such death
/// clears the count.
pub(super) const PROOFS: u8 = 4;

/// The number of bits of `proofs` in the column.
const PROOF_BITS: u32 = 4;
/// The number of bits of `unexplained` in the column.
const UNEXPLAINED_BITS: u32 = 12;

impl Record {
    pub(crate) fn of(loads: u32) -> Self {
        let [high, low] = [loads >> u16::BITS, loads & u32::from(u16::MAX)];
        Self {
            deaths: u16::try_from(low).unwrap_or(u16::MAX),
            proofs: u8::try_from(high & ((1 << PROOF_BITS) - 1)).unwrap_or(PROOFS).min(PROOFS),
            unexplained: u16::try_from(high >> PROOF_BITS).unwrap_or(u16::MAX),
        }
    }

    /// Encodes the record for the column.
    pub(crate) fn loads(self) -> u32 {
        let unexplained = u32::from(self.unexplained).min((1 << UNEXPLAINED_BITS) - 1);
        u32::from(self.deaths) | (u32::from(self.proofs) | unexplained << PROOF_BITS) << u16::BITS
    }

    /// Returns whether at least `threshold` processes died with it at work: then it is loaded apart from the others.
    pub(crate) fn is_suspect(self, threshold: u32) -> bool {
        u32::from(self.deaths) >= threshold
    }

    /// Returns whether it is the run that ends the process.
    pub(crate) const fn is_found(self) -> bool {
        self.proofs >= PROOFS
    }

    pub(crate) const fn deaths(self) -> u16 {
        self.deaths
    }
}

#[cfg(test)]
mod tests {
    use super::Record;

    #[test]
    fn a_record_comes_back_from_its_column() {
        for (deaths, proofs, unexplained) in [(0, 0, 0), (5, 0, 0), (7, 3, 0), (u16::MAX, 4, 4_095), (9, 1, 17)] {
            let record = Record { deaths, proofs, unexplained };
            assert_eq!(Record::of(record.loads()), record);
        }
        // Written by an earlier version: the number of loads.
        assert_eq!(Record::of(3), Record { deaths: 3, ..Record::default() });
        assert_eq!(Record::of(u32::MAX).loads() & 0xFFFF, 0xFFFF);
    }
}
