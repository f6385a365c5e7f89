/// Which traces are recorded.
package struct Sampler: Sendable {
    /// The random part of a trace's id (W3C Trace Context Level 2 §3.2.2.3): its last 7 bytes.
    private static let randomMask: UInt64 = 0x00FF_FFFF_FFFF_FFFF

    private let threshold: UInt64
    private let followsParents: Bool

    /// - Parameters:
    ///   - ratio: of the traces that begin here, from 0 (none) to 1 (all).
    ///   - followsParents: whether a trace that began elsewhere is recorded where, and only where, the caller records
    ///     it.
    package init(ratio: Double, followsParents: Bool) {
        precondition((0...1).contains(ratio), "a ratio is from 0 to 1")
        self.threshold = UInt64(ratio * Double(Self.randomMask + 1))
        self.followsParents = followsParents
    }

    /// By the trace's id, so that all who see the trace with the same ratio decide the same.
    func samples(_ id: TraceID) -> Bool { id.low & Self.randomMask < self.threshold }

    /// - Parameter parent: of this service, whose decision holds for all below it, or of the caller.
    func samples(childOf parent: SpanContext) -> Bool {
        !parent.isRemote || self.followsParents ? parent.isSampled : self.samples(parent.traceID)
    }
}
