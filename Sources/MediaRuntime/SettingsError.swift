/// Why a program does not start: everything that is wrong with its settings, at once.
package struct SettingsError: Error, Sendable, Hashable, CustomStringConvertible {
    /// One thing that is wrong.
    package struct Problem: Sendable, Hashable, CustomStringConvertible {
        /// The setting, or the unknown name as it was written.
        package let key: String
        /// What is wrong, where it came from, what was expected. Secrets are masked.
        package let description: String
    }

    /// At least one.
    package let problems: [Problem]

    package var description: String {
        let count =
            self.problems.count == 1 ? "A setting is not right:" : "\(self.problems.count) settings are not right:"
        return ([count] + self.problems.map { "  \($0)" }).joined(separator: "\n")
    }
}

extension SettingsError.Problem {
    static func invalid(
        _ setting: Setting,
        _ text: SettingText,
        in source: SettingSource.Name,
        expected: String
    ) -> Self {
        let shown = setting.isSecret ? Secret.mask : "'\(Printable.text("\(text)"))'"
        let place =
            switch source {
            case .flags: "flag \(setting.flag)"
            case .environment: "environment variable \(setting.variable)"
            case .file: "\(source)"
            }
        return Self(
            key: setting.key,
            description: "\(setting.key) is \(shown) (\(place)): expected \(Printable.text(expected))"
        )
    }

    static func unknown(_ spelling: String, in source: SettingSource.Name) -> Self {
        let known = Settings.table.map { source == .environment ? $0.variable : $0.key }
        let advice =
            Similar.closest(to: spelling, among: known).map { "did you mean \($0)?" }
            ?? "'mediactl config show' lists all there are"
        return Self(
            key: spelling,
            description: "\(Printable.text(spelling)) (\(source)): there is no such setting; \(advice)"
        )
    }

    static func twice(_ key: String, in source: SettingSource.Name) -> Self {
        Self(key: key, description: "\(key) (\(source)): is given twice; leave one out")
    }

    static func empty(_ key: String, in source: SettingSource.Name) -> Self {
        Self(key: key, description: "\(key) (\(source)): has no value; leave it out to have the default")
    }

    static func unreadable(file path: String, because reason: String) -> Self {
        // Where a file does not parse, the library shows the line, and a secret may be in it: the first line of its
        // words has the position and the problem alone.
        let reason = Printable.text(reason.split(whereSeparator: \.isNewline).first ?? "")
        return Self(
            key: "--config",
            description: "--config \(Printable.text(path)): expected a readable YAML or JSON file with a mapping of "
                + "settings (\(reason))"
        )
    }

    /// Two settings that do not go together.
    static func conflict(_ key: String, _ description: String) -> Self { Self(key: key, description: description) }
}
