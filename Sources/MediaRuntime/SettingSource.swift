import Configuration
import Synchronization
import SystemPackage

/// A place that settings come from, read whole, nothing parsed yet.
struct SettingSource: Sendable {
    /// Where a value came from, in words.
    package enum Name: Sendable, Hashable, CustomStringConvertible {
        case flags
        case environment
        case file(String)

        package var description: String {
            switch self {
            case .flags: "flag"
            case .environment: "environment"
            case .file(let path): "file \(Printable.text(path))"
            }
        }
    }

    /// What every variable of ours begins with; others are not ours to judge.
    static let variablePrefix = "MEDIA_"

    let name: Name
    /// By key, `http.port`.
    let values: [String: SettingText]
    /// What is wrong with the source itself: unknown names, names given twice.
    let problems: [SettingsError.Problem]

    static func flags(_ values: [String: String]) -> SettingSource {
        Self.make(.flags, given: values.map { ($0.key, .one($0.value)) }) { key in key }
    }

    static func environment(_ environment: [String: String]) -> SettingSource {
        let variables = environment.filter { $0.key.hasPrefix(Self.variablePrefix) }
        let keys = Dictionary(uniqueKeysWithValues: Settings.table.map { ($0.variable, $0.key) })
        return Self.make(.environment, given: variables.map { ($0.key, .one($0.value)) }) { keys[$0] ?? $0 }
    }

    /// Reads a YAML or JSON file.
    ///
    /// Both by the YAML reader (YAML 1.2 contains JSON): it hands each scalar out as the text that was written. The
    /// JSON reader would make `1` of `true` on the way, and take the last of two equal keys without a word.
    ///
    /// - Throws: ``SettingsError`` where the file cannot be read.
    static func file(_ path: String) async throws -> SettingSource {
        let seen = SeenKeys()
        let provider: FileProvider<YAMLSnapshot>
        do {
            provider = try await FileProvider<YAMLSnapshot>(
                parsingOptions: .init(secretsSpecifier: .dynamic { key, _ in seen.note(key) }),
                filePath: FilePath(path)
            )
        } catch {
            throw SettingsError(problems: [.unreadable(file: path, because: "\(error)")])
        }
        let given = seen.keys.map { ($0, Self.text(of: $0, in: provider)) }
        return Self.make(.file(path), given: given) { key in key }
    }

    /// Nil for YAML's nulls, which the provider gives out as the texts that spell them.
    private static func text(of key: String, in provider: FileProvider<YAMLSnapshot>) -> SettingText? {
        let components = key.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        let path = AbsoluteConfigKey(components)
        // A value is a scalar or a list of scalars; asking for the wrong one throws.
        if case .string(let text)? = try? provider.value(forKey: path, type: .string).value?.content {
            return ["", "~", "null"].contains(text) ? nil : .one(text)
        }
        if case .stringArray(let texts)? = try? provider.value(forKey: path, type: .stringArray).value?.content {
            return .list(texts)
        }
        return nil
    }

    private static func make(
        _ name: Name,
        given: [(String, SettingText?)],
        key: (String) -> String
    ) -> SettingSource {
        var values: [String: SettingText] = [:]
        var keys: Set<String> = []
        var problems: [SettingsError.Problem] = []
        for (spelling, text) in given.sorted(by: { $0.0 < $1.0 }) {
            let key = key(spelling)
            if Settings.setting(key) == nil {
                problems.append(.unknown(spelling, in: name))
            } else if !keys.insert(key).inserted {
                problems.append(.twice(key, in: name))
            } else if let text {
                values[key] = text
            } else {
                problems.append(.empty(key, in: name))
            }
        }
        return SettingSource(name: name, values: values, problems: problems)
    }
}

/// The keys of a file. A provider answers for keys it is asked for and does not list its own, but asks for each whether
/// it is a secret: that is where we hear of the ones nobody knows, and of those given twice (nested and dotted).
private final class SeenKeys: Sendable {
    private let list = Mutex<[String]>([])

    var keys: [String] { self.list.withLock { $0 } }

    /// - Returns: true, so that the library never prints a value of ours.
    func note(_ key: String) -> Bool {
        self.list.withLock { $0.append(key) }
        return true
    }
}
