import Foundation
import MediaTesting
import Testing

@testable import MediaRuntime

@Suite struct HeaderFileTests {
    private let scratch: TemporaryFolder

    init() throws { self.scratch = try TemporaryFolder() }

    private func read(_ text: String) throws -> [String] {
        let path = self.scratch.path("fields")
        try Data(text.utf8).write(to: URL(filePath: path))
        return try HeaderFile.read(path).map { "\($0.name)=\($0.value.value)" }
    }

    @Test func aLineIsAField() throws {
        #expect(try self.read("Authorization: Basic eHg6eXk=\n") == ["Authorization=Basic eHg6eXk="])
        #expect(try self.read("x-team:key\r\n\nx-set:  a: b \t\n") == ["x-team=key", "x-set=a: b"])
    }

    @Test(arguments: [
        "", "\n", "Authorization", "Authorization:", ": x", "A b: c", "a: ä", "a: b\u{0}", "a: b\nnonsense",
        String(repeating: "a: b\n", count: 17), "a: " + String(repeating: "x", count: 9000),
    ])
    func anythingElseIsRefusedWithoutSayingWhatItIs(text: String) {
        let error = #expect(throws: SecretFileError.self) { try self.read(text) }
        #expect(error?.description.contains("expected") == true && error?.description.contains("nonsense") == false)
    }

    @Test func aFileThatIsNotThereIsRefused() {
        #expect(throws: SecretFileError.self) { try HeaderFile.read(self.scratch.path("nothing")) }
    }
}
