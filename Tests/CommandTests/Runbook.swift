import FoundationEssentials
import MediaTesting
import Testing

/// docs/OPERATIONS.md, as somebody follows it: its commands, letter by letter.
enum Runbook {
    /// The commands of a section's blocks, in their order, without the comments behind them.
    ///
    /// - Parameter section: its heading, without the number signs.
    static func commands(of section: String) throws -> [String] {
        let page = try String(contentsOf: SharedData.checkout.appending(path: "docs/OPERATIONS.md"), encoding: .utf8)
        let lines = page.split(separator: "\n", omittingEmptySubsequences: false)
        let start = try #require(lines.firstIndex { $0.hasPrefix("#") && $0.hasSuffix(" \(section)") })
        let end = lines[(start + 1)...].firstIndex { $0.hasPrefix("## ") } ?? lines.endIndex
        var isInside = false
        var commands: [String] = []
        for line in lines[start..<end] {
            if line.hasPrefix("```") {
                isInside.toggle()
            } else if isInside {
                commands.append(line.split(separator: " #")[0].split(separator: " ").joined(separator: " "))
            }
        }
        return commands
    }

    /// Runs one with the shell.
    ///
    /// - Parameter names: what of the command stands for something else here.
    static func run(_ command: String, with names: [(String, String)]) async throws -> ChildProcess.Outcome {
        try await ChildProcess.run(
            "/bin/sh",
            ["-c", Self.command(command, with: names)],
            environment: ChildProcess.cleanEnvironment,
            timeout: Patience.timeMax * 2
        )
    }

    static func command(_ command: String, with names: [(String, String)]) -> String {
        command.split(separator: " ").map { word in
            for (name, meaning) in names where word == name || word.hasPrefix("\(name)/") {
                return meaning + word.dropFirst(name.count)
            }
            return String(word)
        }.joined(separator: " ")
    }
}
