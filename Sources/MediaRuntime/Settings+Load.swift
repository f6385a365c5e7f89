import FoundationEssentials

extension Settings {
    /// Which program's rules the settings must meet together. Each value is parsed strictly for all of them.
    package enum Purpose: Sendable {
        /// `mediad serve`: all rules.
        case service
        /// `mediactl` on a data folder: those on pictures and keys.
        case storage
        /// `mediactl convert`: those on pictures.
        case batch
        /// `mediactl upload`, `show`: none. A client may share the service's file without its secrets.
        case client
    }

    /// Reads, parses and checks all settings. Flags go before the environment, that before the file, that before the
    /// defaults; every value that is given is checked, also one that another source overrides.
    ///
    /// - Parameters:
    ///   - flags: what the command line gave, by key (``SettingsFlags/values``).
    ///   - environment: all variables; only those that begin with `MEDIA_` count.
    ///   - configFile: the path of a YAML or JSON file.
    /// - Throws: ``SettingsError`` with everything that is wrong.
    package static func load(
        flags: [String: String] = [:],
        environment: [String: String] = ProcessInfo.processInfo.environment,
        configFile: String? = nil,
        for purpose: Purpose = .service
    ) async throws -> Settings {
        // The weakest first: a stronger one then overwrites it.
        var sources = [SettingSource.environment(environment), SettingSource.flags(flags)]
        var problems: [SettingsError.Problem] = []
        do {
            if let configFile { sources.insert(try await SettingSource.file(configFile), at: 0) }
        } catch let error as SettingsError {
            problems += error.problems
        }
        var settings = Settings()
        for source in sources {
            problems += source.problems
            problems += settings.take(source)
        }
        let wrong = Set(problems.map(\.key))
        // A rule about a value that could not be read would only repeat the problem in other words.
        problems += settings.conflicts(for: purpose).filter { wrong.isDisjoint(with: $0.keys) }.map(\.problem)
        guard problems.isEmpty else { throw SettingsError(problems: problems) }
        return settings
    }

    /// Overwrites what `source` has a value for.
    private mutating func take(_ source: SettingSource) -> [SettingsError.Problem] {
        var problems: [SettingsError.Problem] = []
        for setting in Self.table {
            guard let text = source.values[setting.key] else { continue }
            do throws(SettingKindError) {
                try setting.assign(text, &self)
                self.origins[setting.key] = source.name
            } catch {
                problems.append(.invalid(setting, text, in: source.name, expected: error.expected))
            }
        }
        return problems
    }
}
