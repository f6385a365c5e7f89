import Testing

/// The rules themselves: each finds what it is for, and nothing in what merely looks like it.
@Suite struct RuleTests {
    @Test(arguments: [
        ("let a = 1 // print(1)", "let a = 1            "),
        ("/* a /* b */ c */ d", "                  d"),
        (#"f("print(\(x + g("y")))")"#, #"f(        (x + g(   ))  )"#),
        (##"f(#"a " \(b) \#(c)"#) + d"##, ##"f(             (c)  ) + d"##),
        (#"let r = /a"{b/; c / d"#, #"let r =       ; c / d"#),
        ("\"\"\"\na \" b!\n\"\"\" + c", "   \n      \n    + c"),
    ])
    func commentsAndStringsAreNoCode(text: String, code: String) {
        #expect(SourceMask.code(of: text) == code)
    }

    @Test(arguments: [
        ("Sources/MediaStore/A.swift", "import MediaSealing"),
        ("Sources/MediaStore/A.swift", "package import struct MediaCatalog.Rows"),
        ("Sources/MediaOrigin/A.swift", "@preconcurrency import Hummingbird"),
        ("Sources/MediaModel/A.swift", "import Foundation"),
        ("Sources/MediaNew/A.swift", "import MediaModel"),
        ("Sources/CSandbox/A.c", "#include <vips/vips.h>"),
    ])
    func aForeignImportIsFound(path: String, text: String) {
        #expect(ImportRules.violations(SourceFile(path: path, text: text)).count == 1)
    }

    @Test(arguments: [
        ("Sources/MediaStore/A.swift", "import NIOPosix"),
        ("Sources/MediaModel/A.swift", "package import FoundationEssentials"),
        ("Sources/MediaModel/A.swift", "// import MediaStore"),
        ("Sources/CVipsShim/A.c", "#include <vips/vips.h>"),
        ("Sources/CPlanes/A.c", "#include <jpeglib.h>"),
    ])
    func anAllowedImportIsNone(path: String, text: String) {
        #expect(ImportRules.violations(SourceFile(path: path, text: text)).isEmpty)
    }

    @Test(arguments: [
        "let a = b!", "let a = b[0]!.c", "let a = try! b()", "let a = b as! C", "print(1)", "dump(a)",
        "public struct A {}", "final class A: @unchecked Sendable {}", "let s = HTTPResponse.Status.ok",
        "let e = ProcessInfo.processInfo.environment", "let e = Glibc.getenv(name)",
    ])
    func untidyCodeIsFound(text: String) {
        #expect(LineRules.code(SourceFile(path: "Sources/MediaStore/A.swift", text: text)).count == 1)
    }

    @Test(arguments: [
        "let a = b != c", "if !b.isEmpty {}", "let a = [!b]", "self.print(1)", "imprint(1)", "let a = \"print(b!)\"",
        "// It is `@unchecked Sendable` because nobody writes.\n\nfinal class A: @unchecked Sendable {}",
        "if a {\n} else if !b {\n}",
    ])
    func tidyCodeIsNot(text: String) {
        #expect(LineRules.code(SourceFile(path: "Sources/MediaStore/A.swift", text: text)).isEmpty)
    }

    @Test func untidyTextIsFound() {
        let lines = [
            "// TO" + "DO: later", "// FIX" + "ME", "// XX" + "X", "\tlet a = 1", String(repeating: "a", count: 121),
        ]
        for line in lines {
            #expect(LineRules.text(SourceFile(path: "Sources/A/A.swift", text: line)).count == 1, "\(line)")
        }
        let template = SourceFile(
            path: "Sources/A/A.swift",
            text: "mkdtemp(\"aXXXXXX\")\n" + String(repeating: "a", count: 120)
        )
        #expect(LineRules.text(template).isEmpty)
    }

    @Test(arguments: [
        "func a() {", "    package static func a<B>(_ b: B = { 1 }()) async throws -> B\n    where B: C\n    {",
        "init?(a: Int) {", "var a: Int {", "private mutating func a(\n    b: Int\n) {", "deinit {",
    ])
    func aLongFunctionIsFound(signature: String) {
        let lines = signature.split(separator: "\n").count
        let body = { (count: Int) in String(repeating: "    if a { b() }\n", count: count) }
        let fits = SourceFile(path: "A", text: signature + "\n" + body(69 - lines) + "}\n")
        let tooLong = SourceFile(path: "A", text: signature + "\n" + body(70 - lines) + "}\n")
        #expect(ShapeRules.functionLength(fits).isEmpty)
        #expect(ShapeRules.functionLength(tooLong).map(\.line) == [1])
    }

    @Test func aDeclarationWithoutABodyHasNoLength() {
        let rest = String(repeating: "    let a = { 1 }\n", count: 80)
        for text in ["protocol P {\n    func a()\n\(rest)}", "var a = b {\n\(rest)}", "var a: Int\n\(rest)"] {
            #expect(ShapeRules.functionLength(SourceFile(path: "A", text: text)).isEmpty, "\(text.prefix(30))")
        }
    }

    @Test func aLongFileIsFound() {
        let fits = SourceFile(path: "A", text: String(repeating: "a\n", count: 500))
        #expect(ShapeRules.fileLength(fits).isEmpty)
        #expect(ShapeRules.fileLength(SourceFile(path: "A", text: String(repeating: "a\n", count: 501))).count == 1)
    }

    @Test func whatHasNoDocCommentIsFound() {
        let text = """
            /// A.
            @frozen
            struct A {
                struct Inner {}
            }
            package final class B {}
            private struct C {}
            /// D.
            protocol D {
                /// E.
                func e()
                func f()
                var g: Int { get }
            }
            """
        #expect(ShapeRules.documentation(SourceFile(path: "A", text: text)).map(\.line) == [6, 12, 13])
    }

    @Test func dependenciesAreRead() {
        let manifest = """
            .package(url: "https://h.example/a/swift-nio", from: "1.0.0"),
            .package(url: "https://h.example/G.swift.git")
            """
        #expect(TreeRules.packages(manifest).map(\.name) == ["swift-nio", "G.swift"])
        #expect(TreeRules.packages(manifest).map(\.line) == [1, 2])
        let script = """
            packages=(
                curl   # gets
                # not this
                lib-a g++
            )
            install_packages "${packages[@]}"
              install_packages prometheus
            """
        #expect(TreeRules.debianPackages(script).map(\.name) == ["curl", "lib-a", "g++", "prometheus"])
        #expect(TreeRules.names("swift-nio", "we use `swift-nio`."))
        #expect(!TreeRules.names("swift-nio", "we use `swift-nio-extras`."))
    }

    @Test func aFileThatIsNotThereIsFoundByItsPage() {
        let paths = ["Sources/M/A+B.swift", "Package.swift"]
        let text = "`M/A+B.swift`, A+B.swift and `Package.swift`\n`B.swift`, `N/A+B.swift`: A+B.swifts"
        let found = TreeRules.missingFiles(in: ("docs/A.md", text), paths)
        #expect(found.map(\.rule) == ["there is no B.swift", "there is no N/A+B.swift"])
        #expect(found.map(\.line) == [2, 2])
    }
}
