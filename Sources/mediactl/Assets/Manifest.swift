import MediaRuntime

/// What the service says of a version of an asset; the parts that are printed.
struct Manifest: Decodable {
    struct Source: Codable {
        let mediaType: String
        let bytes: Int
        let width: Int?
        let height: Int?
        let sha256: String?
    }

    struct Rendition: Decodable {
        let url: String
        let width: Int
        let height: Int
        let bytes: Int
    }

    struct Placeholder: Decodable {
        let thumbhash: String
        let colour: String
    }

    struct Focus: Decodable {
        let x: Double
        let y: Double
        let by: String
    }

    let id: String
    let version: Int
    let state: String
    let createdAt: String?
    let source: Source?
    let renditions: [String: Rendition]?
    let placeholder: Placeholder?
    let focus: Focus?
    /// By media type.
    let srcset: [String: String]?
    /// Why, where `state` is `failed`: a problem type.
    let failure: String?

    /// The URLs of the renditions, by name. One that is a path becomes a URL at `origin`, to be clicked on.
    func urls(at origin: String) -> [(name: String, rendition: Rendition, url: String)] {
        (self.renditions ?? [:]).sorted { $0.key < $1.key }.map { name, rendition in
            (name, rendition, rendition.url.hasPrefix("/") ? origin + rendition.url : rendition.url)
        }
    }

    /// `ID v1 ready URL URL`
    func line(at origin: String) -> String {
        let words = [self.id, "v\(self.version)", self.state] + self.urls(at: origin).map(\.url)
        return Printable.text(words.joined(separator: " "))
    }

    /// Some lines for people.
    func page(at origin: String) -> String {
        var lines = ["\(self.id) v\(self.version) \(self.state)"]
        if let createdAt = self.createdAt { lines.append("created    \(createdAt)") }
        if let source = self.source {
            let size = if let width = source.width, let height = source.height { " \(width)x\(height)" } else { "" }
            lines.append("source     \(source.mediaType)\(size) \(source.bytes) bytes")
            if let sha256 = source.sha256 { lines.append("sha256     \(sha256)") }
        }
        if let failure = self.failure { lines.append("failure    \(failure)") }
        for (name, rendition, url) in self.urls(at: origin) {
            lines.append("\(name): \(rendition.width)x\(rendition.height) \(rendition.bytes) bytes \(url)")
        }
        if let placeholder = self.placeholder {
            lines.append("thumbhash  \(placeholder.thumbhash)")
            lines.append("colour     \(placeholder.colour)")
        }
        if let focus = self.focus { lines.append("focus      \(focus.x),\(focus.y) (\(focus.by))") }
        for (mediaType, text) in (self.srcset ?? [:]).sorted(by: { $0.key < $1.key }) {
            lines.append("srcset of \(mediaType): \(text)")
        }
        return lines.map { Printable.text($0) }.joined(separator: "\n")
    }
}

/// A page of assets.
struct AssetPage: Decodable {
    /// Each as its newest version.
    let assets: [Manifest]
    /// What asks for the next page; nil on the last one.
    let nextCursor: String?
}

/// A page of an asset's versions.
struct VersionPage: Decodable {
    /// What `latest` is; nil while no version is ready.
    let latest: Int?
    /// Newest first.
    let versions: [Manifest]
    /// What asks for the next page; nil on the last one.
    let nextCursor: String?
}
