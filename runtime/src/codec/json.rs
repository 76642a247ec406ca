//! JSON that comes back as it was: refuses what JSON would lose; canonical on demand.
