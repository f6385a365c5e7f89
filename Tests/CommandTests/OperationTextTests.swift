import ArgumentParser
import MediaOrigin
import MediaRuntime
import Testing

@testable import mediactl

/// What people and programs see of an operation.
@Suite struct OperationTextTests {
    @Test func aFindingIsItsCodeWhatItIsAboutAndWhatItIs() {
        let line = OperationLine(.finding, "a bit is wrong", fields: ["code": "corrupt", "blob": "ab12"])
        #expect(OperationText.finding(line) == "corrupt  ab12  a bit is wrong")
        #expect(OperationText.finding(OperationLine(.finding, "sums differ")) == "sums differ")
        let repetitive = OperationLine(
            .finding,
            "corrupt: blob ab12 (preview.webp)",
            fields: ["code": "corrupt", "blob": "ab12"]
        )
        #expect(OperationText.finding(repetitive) == "corrupt  ab12  (preview.webp)")
    }

    @Test func aTextFromElsewhereCannotMoveTheCursor() {
        let line = OperationLine(.finding, "a\u{1B}[2Jb\nc", fields: ["code": "x\r"])
        #expect(OperationText.finding(line) == "x\\u{d}  a\\u{1b}[2Jb\\u{a}c")
        let table = OperationText.table([.init("K", "k")], [OperationLine(.row, "", fields: ["k": "\u{7}"])])
        #expect(table == ["K", "\\u{7}"])
    }

    @Test func columnsLineUpAndEndWithoutSpaces() {
        let rows = [
            OperationLine(.row, "", fields: ["id": "ek-1", "blobs": "12"]),
            OperationLine(.row, "", fields: ["id": "ek-longer"]),
        ]
        #expect(
            OperationText.table([.init("KEY", "id"), .init("BLOBS", "blobs")], rows) == [
                "KEY        BLOBS", "ek-1       12", "ek-longer  -",
            ]
        )
        #expect(OperationText.table([.init("KEY", "id")], []).isEmpty)
    }

    @Test func onlyWhatIsGivenIsSent() {
        let request = OperationRequest(
            "x",
            flags: ["repair": true, "quick": false],
            values: ["key": "k", "to": nil]
        )
        #expect(request.options == ["repair": "true", "key": "k"])
    }

    // MARK: Lines

    @Test func linesAreCutWhereverThePiecesEnd() throws {
        let text = Array("one\ntwo\n\nthree\nrest".utf8)
        for pieceBytes in 1...text.count {
            var splitter = LineSplitter()
            var lines: [String] = []
            for start in stride(from: 0, to: text.count, by: pieceBytes) {
                let piece = text[start..<min(start + pieceBytes, text.count)]
                lines += try splitter.take(piece).map { String(decoding: $0, as: UTF8.self) }
            }
            #expect(lines == ["one", "two", "three"])
        }
    }

    @Test func aLineWithoutEndIsRefused() throws {
        var splitter = LineSplitter()
        let piece = [UInt8](repeating: UInt8(ascii: "x"), count: LineSplitter.lineBytesMax)
        #expect(try splitter.take(piece).isEmpty)
        #expect(throws: LineSplitter.TooLong.self) { try splitter.take([UInt8(ascii: "x")]) }
    }

    // MARK: How it ended

    @Test(arguments: [
        ([OperationLine(.done, "")], OperationPrinter.Outcome.done),
        ([OperationLine(.finding, ""), OperationLine(.done, "")], .findings),
        ([OperationLine(.finding, "", fields: ["repaired": "true"]), OperationLine(.done, "")], .done),
        ([OperationLine(.finding, ""), OperationLine(.failed, "this line is of a test")], .failed),
        ([OperationLine(.row, "")], .unended), ([], .unended),
    ])
    func theLastLineAndTheFindingsSayHowItEnded(lines: [OperationLine], outcome: OperationPrinter.Outcome) {
        // A table keeps its rows for the end; the other lines have no text to print.
        let printer = OperationPrinter(columns: [.init("K", "k")], json: false, progress: .dropped)
        for line in lines { printer.take(line) }
        #expect(printer.outcome == outcome)
    }

    // MARK: Verbs and operations

    /// All commands that are operations, at any depth.
    private static func verbs(_ command: any ParsableCommand.Type = Mediactl.self) -> [any OperationVerb.Type] {
        command.configuration.subcommands.flatMap { ($0 as? any OperationVerb.Type).map { [$0] } ?? Self.verbs($0) }
    }

    @Test func everyVerbHasItsOperationAndEveryOperationItsVerb() {
        let asked = Self.verbs().flatMap { $0.operations }
        #expect(asked.sorted() == OperationTable.operations.map(\.name).sorted())
    }
}
