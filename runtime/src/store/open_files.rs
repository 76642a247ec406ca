//! Errors of a process that has as many files open as it may.

/// Returns whether the process or the system has too many files open.
pub(crate) fn is_out_of_files(error: &std::io::Error) -> bool {
    // EMFILE and ENFILE, the same on all systems that have them.
    cfg!(unix) && matches!(error.raw_os_error(), Some(23 | 24))
}
