import MediaOrigin
import Testing

@testable import MediaRuntime

/// What operations are told, and what of it makes no sense.
@Suite struct OperationOptionTests {
    private static func values(_ given: [String: String], of name: String) throws -> OperationValues {
        try OperationValues(given, for: try OperationTable.operation(name))
    }

    private static func complaint(_ given: [String: String], of name: String) throws -> String {
        let error = #expect(throws: OperationOptionsError.self) { _ = try Self.values(given, of: name) }
        return try #require(error).description
    }

    @Test func valuesAreParsedByTheirKind() throws {
        let retire = try Self.values(["key": "arn:aws:kms:eu-1:1:key/x"], of: "keys-retire")
        #expect(retire.text("key") == "arn:aws:kms:eu-1:1:key/x")
        let reseal = try Self.values(["key": "ek-01"], of: "reseal")
        #expect(reseal.text("key") == "ek-01")
        #expect(!reseal.isSet("passage"))
        let collect = try Self.values(["orphan-age": "90m"], of: "collect")
        #expect(collect.duration("orphan-age") == .seconds(5400))
        #expect(try Self.values([:], of: "collect").duration("orphan-age") == nil)
        let fsck = try Self.values(["repair": "true", "quick": "false"], of: "fsck")
        #expect(fsck.isSet("repair"))
        #expect(!fsck.isSet("quick"))
        #expect(try Self.values(["to": "/b c"], of: "backup").text("to") == "/b c")
    }

    @Test(arguments: [
        ("fsck", "repair", ["", "yes", "1", "TRUE"]), ("collect", "orphan-age", ["", "1", "1 h", "-1h", "soon"]),
        ("backup", "to", ["", "relative", "./a", "/a\0b"]),
        ("reseal", "key", ["", "UPPER", "a b", "arn:1", String(repeating: "a", count: 65)]),
        ("keys-retire", "key", ["", "two words", "ä", "a\n", String(repeating: "a", count: 2049)]),
    ])
    func aBadValueIsAnErrorThatNamesIt(operation: String, option: String, values: [String]) throws {
        for value in values {
            let complaint = try Self.complaint([option: value], of: operation)
            #expect(complaint.hasPrefix("\(option) is '\(Printable.text(value))': expected "))
        }
    }

    @Test func anUnknownOptionIsAnErrorAndTheLikelyOneIsNamed() throws {
        #expect(
            try Self.complaint(["repiar": "true"], of: "fsck") == "fsck has no option 'repiar'; did you mean repair?"
        )
        #expect(
            try Self.complaint(["verbosity": "1"], of: "keys-list")
                == "keys-list has no option 'verbosity'; it has none"
        )
        #expect(try Self.complaint(["x\u{1B}": ""], of: "collect").contains("'x\\u{1b}'"))
    }

    @Test func whatIsNeededIsAskedFor() throws {
        for (operation, option) in [("backup", "to"), ("restore", "from"), ("reseal", "key"), ("keys-retire", "key")] {
            #expect(try Self.complaint([:], of: operation).hasPrefix("\(operation) needs \(option): expected "))
        }
    }

    @Test func anUnknownOperationIsAnErrorAndTheLikelyOneIsNamed() throws {
        let error = #expect(throws: OperationOptionsError.self) { _ = try OperationTable.operation("keys-rewarp") }
        #expect(error?.description == "there is no operation 'keys-rewarp'; did you mean keys-rewrap?")
    }

    @Test func namesFitAPathAndAreUnique() {
        let operations = OperationTable.operations
        #expect(Set(operations.map(\.name)).count == operations.count)
        for name in operations.map(\.name) + operations.flatMap(\.options).map(\.name) {
            #expect(!name.isEmpty && name.allSatisfy { ("a"..."z").contains($0) || $0 == "-" }, "\(name)")
        }
    }

    @Test func onlyWhatMakesACatalogNeedsTheFolderAlone() {
        #expect(OperationTable.operations.filter { !$0.runsInService }.map(\.name).sorted() == ["rebuild", "restore"])
    }
}
