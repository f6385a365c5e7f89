import Logging
import MediaModel

/// A value as a source gives it, not parsed yet.
enum SettingText: Hashable, Sendable, CustomStringConvertible {
    case one(String)
    /// From a file only.
    case list([String])

    var description: String {
        switch self {
        case .one(let text): text
        case .list(let texts): "[\(texts.joined(separator: ", "))]"
        }
    }
}

/// A text is no value of its setting.
struct SettingKindError: Error, Hashable {
    /// What would have been one: "a port number from 0 to 65535".
    let expected: String
}

/// How the texts of one type of setting are read and written.
///
/// We parse everything ourselves: swift-configuration's typed getters return the default where a value does not parse,
/// and `http.port=abc` then starts the service on 8080 without a word.
struct SettingKind<Value: Sendable>: Sendable {
    let expected: String
    let parse: @Sendable (SettingText) throws(SettingKindError) -> Value
    /// Writes a value so that `parse` reads the same one.
    let format: @Sendable (Value) -> String

    init(
        expected: String,
        parse: @escaping @Sendable (SettingText) throws(SettingKindError) -> Value,
        format: @escaping @Sendable (Value) -> String
    ) {
        self.expected = expected
        self.parse = parse
        self.format = format
    }

    /// A kind whose values are single texts.
    init(
        expected: String,
        format: @escaping @Sendable (Value) -> String,
        read: @escaping @Sendable (String) -> Value?
    ) {
        self.init(
            expected: expected,
            parse: { text throws(SettingKindError) in
                guard case .one(let text) = text else {
                    throw SettingKindError(expected: "\(expected), not a list")
                }
                guard let value = read(text) else { throw SettingKindError(expected: expected) }
                return value
            },
            format: format
        )
    }
}

extension SettingKind where Value == Int {
    /// Decimal digits alone: no sign, no separators, no leading zero.
    static func number(_ range: ClosedRange<Int>, expected: String? = nil) -> Self {
        Self(
            expected: expected ?? "a whole number from \(range.lowerBound) to \(range.upperBound)",
            format: String.init,
            read: { text in
                guard let number = Int(text), String(number) == text, range.contains(number) else { return nil }
                return number
            }
        )
    }

    static var port: Self { .number(0...65535, expected: "a port number from 0 (any free one) to 65535") }

    /// A count of bytes, plain or in KiB, MiB or GiB.
    static func bytes(_ range: ClosedRange<Int>) -> Self {
        Self(
            expected: "bytes as in 1048576, 512KiB, 64MiB or 2GiB, "
                + "from \(ByteCount.format(range.lowerBound)) to \(ByteCount.format(range.upperBound))",
            format: ByteCount.format,
            read: { text in ByteCount.parse(text).flatMap { range.contains($0) ? $0 : nil } }
        )
    }
}

extension SettingKind where Value == Duration {
    /// A whole number with its unit: `500ms`, `10s`, `2m`, `1h`, `30d`.
    static func duration(_ range: ClosedRange<Duration>) -> Self {
        Self(
            expected: "a time as in 500ms, 10s, 2m, 1h or 30d, "
                + "from \(TimeSpan.format(range.lowerBound)) to \(TimeSpan.format(range.upperBound))",
            format: TimeSpan.format,
            read: { text in TimeSpan.parse(text).flatMap { range.contains($0) ? $0 : nil } }
        )
    }
}

extension SettingKind where Value == String {
    static var host: Self {
        Self(
            expected: "an IP address without brackets, or a host name",
            format: { $0 },
            read: { HostReach(host: $0) == nil ? nil : $0 }
        )
    }

    static var path: Self {
        Self(
            expected: "a path",
            format: { $0 },
            read: { $0.isEmpty || $0.utf8.contains(0) ? nil : $0 }
        )
    }

    /// What a service calls one of its things: a region, a key's ARN.
    static var word: Self {
        Self(
            expected: "printable ASCII characters without spaces",
            format: { $0 },
            read: { text in !text.isEmpty && text.utf8.allSatisfy { (0x21...0x7E).contains($0) } ? text : nil }
        )
    }

    static var baseURL: Self {
        Self(
            expected: "an http or https URL without trailing slash, query or user, as https://media.example.org",
            format: { $0 },
            read: { BaseURL.isValid($0) ? $0 : nil }
        )
    }
}

extension SettingKind where Value == Secret {
    /// Printable ASCII without spaces, because it travels in an HTTP field.
    static func token(charactersMin: Int) -> Self {
        Self(
            expected: "at least \(charactersMin) printable ASCII characters without spaces",
            format: { $0.value },
            read: { text in
                let isPrintable = text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
                return isPrintable && text.utf8.count >= charactersMin ? Secret(text) : nil
            }
        )
    }
}

extension SettingKind where Value == Logger.Level {
    static var logLevel: Self {
        Self(
            expected: "one of \(Logger.Level.allCases.map(\.rawValue).joined(separator: ", "))",
            format: \.rawValue,
            read: Logger.Level.init(rawValue:)
        )
    }
}

extension SettingKind where Value == Set<SandboxPiece> {
    /// `none`, or pieces separated by commas.
    static var sandboxPieces: Self {
        let names = SandboxPiece.allCases.map(\.rawValue)
        return Self(
            expected: "none, or \(names.joined(separator: ", ")) separated by commas",
            format: { $0.isEmpty ? "none" : $0.sorted().map(\.rawValue).joined(separator: ",") },
            read: { text in
                if text == "none" { return [] }
                let pieces = text.split(separator: ",", omittingEmptySubsequences: false).map {
                    SandboxPiece(rawValue: String($0))
                }
                return pieces.contains(nil) ? nil : Set(pieces.compactMap { $0 })
            }
        )
    }
}

extension SettingKind where Value == CDNProfile {
    static var cdnProfile: Self {
        Self(
            expected: "one of \(CDNProfile.allCases.map(\.rawValue).joined(separator: ", "))",
            format: \.rawValue,
            read: CDNProfile.init(rawValue:)
        )
    }
}

extension SettingKind where Value == Bool {
    static var yesOrNo: Self {
        Self(expected: "true or false", format: { $0 ? "true" : "false" }, read: { Bool($0) })
    }
}

extension SettingKind where Value == Settings.Log.Format {
    static var logFormat: Self {
        Self(
            expected: Settings.Log.Format.allCases.map(\.rawValue).joined(separator: " or "),
            format: \.rawValue,
            read: Settings.Log.Format.init(rawValue:)
        )
    }
}

extension SettingKind {
    /// 1 to `countMax` elements with names, each name once: separated by `;` in one text, one an element in a file's
    /// list.
    ///
    /// - Parameter read: throws what is wrong with one element.
    static func named<Element>(
        expected: String,
        countMax: Int,
        name: @escaping @Sendable (Element) -> String,
        format: @escaping @Sendable (Element) -> String,
        read: @escaping @Sendable (Substring) throws(SettingKindError) -> Element
    ) -> Self where Value == [Element] {
        Self(
            expected: expected,
            parse: { text throws(SettingKindError) in
                let items: [String] =
                    switch text {
                    case .one(let text): text.split(separator: ";", omittingEmptySubsequences: false).map(String.init)
                    case .list(let texts): texts
                    }
                guard (1...countMax).contains(items.count) else { throw SettingKindError(expected: expected) }
                var elements: [Element] = []
                for item in items {
                    let element = try read(item.trimmingPrefix(while: \.isWhitespace))
                    guard !elements.contains(where: { name($0) == name(element) }) else {
                        throw SettingKindError(expected: "each name once; '\(name(element))' is there twice")
                    }
                    elements.append(element)
                }
                return elements
            },
            format: { $0.map(format).joined(separator: ";") }
        )
    }
}

extension SettingKind where Value == [PurgeTargetText] {
    /// `name:driver,option=value,…` each.
    static func purgeTargets(countMax: Int) -> Self {
        let expected = "1 to \(countMax) targets of the form name:driver,option=value,… separated by ;"
        return Self.named(
            expected: expected,
            countMax: countMax,
            name: { "\($0.name)" },
            format: \.description,
            read: { text throws(SettingKindError) in
                do throws(PurgeTargetText.Invalid) {
                    return try PurgeTargetText(text)
                } catch {
                    throw SettingKindError(expected: "\(expected); in '\(text)': \(error.description)")
                }
            }
        )
    }
}

extension SettingKind where Value == [Preset] {
    /// `name:options` each.
    static func presets(countMax: Int) -> Self {
        let expected = "1 to \(countMax) presets of the form name:options, separated by ;"
        return Self.named(
            expected: expected,
            countMax: countMax,
            name: { "\($0.name)" },
            format: PresetText.format,
            read: { text throws(SettingKindError) in
                do {
                    return try Preset(text: text)
                } catch let error as RecipeOptions.Invalid {
                    throw SettingKindError(expected: "\(expected); in '\(text)': \(error.description)")
                } catch {
                    throw SettingKindError(expected: expected)
                }
            }
        )
    }
}
