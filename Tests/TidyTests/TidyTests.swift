import Foundation
import Testing

/// The rules that neither the compiler nor the formatter checks. A violation is reported as `file:line rule`.
@Suite struct TidyTests {
    @Test func theTreeIsFound() {
        let modules = Set(SourceTree.sources.map(\.module))
        #expect(modules.isSuperset(of: ImportRules.allowed.keys), "looked below \(SourceTree.checkout.path)")
    }

    @Test func modulesImportWhatTheyMay() {
        Self.report(SourceTree.sources.flatMap(ImportRules.violations))
    }

    @Test func filesAndFunctionsFitTheirLimits() {
        Self.report(SourceTree.code.flatMap(ShapeRules.fileLength))
        Self.report(Self.swift.flatMap(ShapeRules.functionLength))
    }

    @Test func linesAreTidy() {
        Self.report(SourceTree.code.flatMap(LineRules.text))
        Self.report(Self.swift.flatMap(LineRules.code))
    }

    @Test func typesAndRequirementsAreDocumented() {
        Self.report(Self.swift.filter { !$0.isTest }.flatMap(ShapeRules.documentation))
    }

    @Test func noFileIsLarge() {
        Self.report(TreeRules.fileSizes())
    }

    @Test(.enabled(if: SourceTree.text(TreeRules.dependencies) != nil, "there is no docs/DEPENDENCIES.md"))
    func everyDependencyHasAReason() throws {
        Self.report(TreeRules.undocumented(try #require(SourceTree.text(TreeRules.dependencies))))
    }

    @Test func pagesNameFilesThatAreThere() {
        Self.report(TreeRules.missingFiles())
    }

    private static var swift: [SourceFile] { SourceTree.code.filter(\.isSwift) }

    private static func report(_ violations: [Violation]) {
        let list = violations.sorted().map(\.description).joined(separator: "\n")
        let count = violations.count
        #expect(count == 0, "\n\(list)")
    }
}
