import CSandbox

/// How long this process' threads may have a processor in one go where others want it as well.
package enum ProcessorSlices {
    /// Of the service, which mostly has little to do and should do it at once: a tenth of a millisecond is the least
    /// that Linux gives; a hit takes less than this.
    private static let promptNanoseconds: UInt64 = 300_000

    /// For threads that are started from now on, and this one. Since Linux 6.12 a thread with shorter slices is let on
    /// to the processor before one with longer ones when it wakes; its share stays as it is. Called before there are
    /// other threads; where the kernel knows nothing of it, nothing changes.
    package static func preferPromptness() { csandbox_run_in_slices(Self.promptNanoseconds) }
}
