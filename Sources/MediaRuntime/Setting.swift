/// One row of the table of settings: everything that is known about one key.
package struct Setting: Sendable {
    /// Lowercase words joined by dots: `http.port`.
    package let key: String
    /// What it is for, as help and docs say it: a sentence without its full stop.
    package let summary: String
    /// What a value looks like: "a port number from 0 to 65535".
    package let expected: String
    /// How docs and help write the default, which may depend on the machine; nil: none.
    package let defaultText: String?
    /// Whether its value is masked wherever settings are printed.
    package let isSecret: Bool

    /// Parses a value into the settings; throws ``SettingKindError``.
    let assign: @Sendable (SettingText, inout Settings) throws(SettingKindError) -> Void
    /// The effective value, unmasked, in a form that ``assign`` takes; nil: none.
    let text: @Sendable (Settings) -> String?

    /// `MEDIA_HTTP_PORT`
    package var variable: String {
        SettingSource.variablePrefix + self.key.uppercased().split(separator: ".").joined(separator: "_")
    }

    /// `--http-port`
    package var flag: String { "--" + self.key.split(separator: ".").joined(separator: "-") }

    /// A setting that always has a value.
    init<Value: Sendable>(
        _ key: String,
        _ path: any WritableKeyPath<Settings, Value> & Sendable,
        _ kind: SettingKind<Value>,
        _ summary: String,
        defaultText: String? = nil
    ) {
        self.init(
            key: key,
            summary: summary,
            expected: kind.expected,
            defaultText: defaultText ?? kind.format(Settings()[keyPath: path]),
            isSecret: false,
            assign: { text, settings throws(SettingKindError) in settings[keyPath: path] = try kind.parse(text) },
            text: { kind.format($0[keyPath: path]) }
        )
    }

    /// A setting that may be absent. Where `effective` is given, the program derives a value then, and that is shown.
    init<Value: Sendable>(
        optional key: String,
        _ path: any WritableKeyPath<Settings, Value?> & Sendable,
        _ kind: SettingKind<Value>,
        _ summary: String,
        defaultText: String? = nil,
        isSecret: Bool = false,
        effective: (@Sendable (Settings) -> String)? = nil
    ) {
        self.init(
            key: key,
            summary: summary,
            expected: kind.expected,
            defaultText: defaultText,
            isSecret: isSecret,
            assign: { text, settings throws(SettingKindError) in settings[keyPath: path] = try kind.parse(text) },
            text: { settings in effective?(settings) ?? settings[keyPath: path].map(kind.format) }
        )
    }

    private init(
        key: String,
        summary: String,
        expected: String,
        defaultText: String?,
        isSecret: Bool,
        assign: @escaping @Sendable (SettingText, inout Settings) throws(SettingKindError) -> Void,
        text: @escaping @Sendable (Settings) -> String?
    ) {
        self.key = key
        self.summary = summary
        self.expected = expected
        self.defaultText = defaultText
        self.isSecret = isSecret
        self.assign = assign
        self.text = text
    }
}
