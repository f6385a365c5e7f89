import MediaOrigin
import Synchronization

/// What an operation has said.
final class Lines: Sendable {
    private let lines = Mutex<[OperationLine]>([])

    var report: OperationReport { { line in self.lines.withLock { $0.append(line) } } }
    var all: [OperationLine] { self.lines.withLock { $0 } }
    var last: OperationLine? { self.all.last }
    var findings: [OperationLine] { self.of(.finding) }
    var codes: [String] { self.findings.compactMap { $0.fields["code"] } }
    var sortedCodes: [String] { self.codes.sorted() }
    /// The last line, where it is that of an operation that ended as it should.
    var done: OperationLine? { self.last.flatMap { $0.kind == .done ? $0 : nil } }

    func of(_ kind: OperationLine.Kind) -> [OperationLine] { self.all.filter { $0.kind == kind } }
}
