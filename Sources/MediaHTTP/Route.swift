import HTTPTypes
import MediaModel

/// What a request target of the public listener names. Targets have one canonical spelling; the rest is `unknown`.
///
/// The table of all routes: what they are called in the metrics, which methods and queries they take, whose they are.
enum Route: Hashable, Sendable {
    /// `/a/{asset}/v{n}/{preset}.webp`, `/a/{asset}/latest/{preset}.webp`, with other endings and without one.
    case delivery(DeliveryPath)
    /// `/a/{asset}/v{n}/original`
    case original(VersionRef)
    /// `/v1/assets`
    case assets
    /// `/v1/assets/{asset}`
    case asset(AssetID)
    /// `/v1/assets/{asset}/undelete`
    case undelete(AssetID)
    /// `/v1/assets/{asset}/reprocess`
    case reprocess(AssetID)
    /// `/v1/assets/{asset}/latest`
    case latest(AssetID)
    /// `/v1/assets/{asset}/versions`
    case versions(AssetID)
    /// `/v1/assets/{asset}/versions/{n}`
    case version(VersionRef)
    case unknown

    /// Without the query. The longest are deliveries.
    private static let pathBytesMax = DeliveryPath.bytesMax
    /// Of `/v1/assets/{asset}/versions/{n}`, the empty one before the first slash included.
    private static let segmentsMax = 6

    /// - Parameter path: the request target in origin form, as it came; without its query, except that a delivery has
    ///   none.
    init(path: Substring) {
        // Whoever writes the longest target there can be must not have more work done for it than others.
        guard path.utf8.count <= Self.pathBytesMax else {
            self = .unknown
            return
        }
        if let delivery = DeliveryPath(path) {
            self = .delivery(delivery)
            return
        }
        let segments = path.utf8.split(
            separator: UInt8(ascii: "/"),
            maxSplits: Self.segmentsMax,
            omittingEmptySubsequences: false
        ).map { Substring($0) }
        if let original = Self.original(segments) {
            self = .original(original)
            return
        }
        guard segments.starts(with: ["", "v1", "assets"]) else {
            self = .unknown
            return
        }
        guard segments.count > 3 else {
            self = .assets
            return
        }
        self = AssetID(segments[3]).map { Self.below($0, segments.dropFirst(4)) } ?? .unknown
    }

    private static func original(_ segments: [Substring]) -> VersionRef? {
        guard segments.count == 5, segments[0].isEmpty, segments[1] == "a", segments[4] == PresetName.reserved,
            let asset = AssetID(segments[2]), case .number(let number)? = VersionSelector(segments[3])
        else { return nil }
        return VersionRef(asset: asset, number: number)
    }

    private static func below(_ asset: AssetID, _ segments: ArraySlice<Substring>) -> Route {
        switch (segments.count, segments.first) {
        case (0, _): .asset(asset)
        case (1, "undelete"): .undelete(asset)
        case (1, "reprocess"): .reprocess(asset)
        case (1, "latest"): .latest(asset)
        case (1, "versions"): .versions(asset)
        case (2, "versions"):
            segments.last.flatMap(VersionNumber.init(text:)).map { .version(VersionRef(asset: asset, number: $0)) }
                ?? .unknown
        default: .unknown
        }
    }

    /// The name of the route in metrics and logs: never a URL or an id.
    var template: String {
        switch self {
        case .delivery(let path) where path.version == .latest: "/a/{asset}/latest/{preset}"
        case .delivery: "/a/{asset}/v{n}/{preset}"
        case .original: "/a/{asset}/v{n}/original"
        case .assets: "/v1/assets"
        case .asset: "/v1/assets/{asset}"
        case .undelete: "/v1/assets/{asset}/undelete"
        case .reprocess: "/v1/assets/{asset}/reprocess"
        case .latest: "/v1/assets/{asset}/latest"
        case .versions: "/v1/assets/{asset}/versions"
        case .version: "/v1/assets/{asset}/versions/{n}"
        case .unknown: "other"
        }
    }

    /// All of them.
    static let templates = [
        "/a/{asset}/v{n}/{preset}", "/a/{asset}/latest/{preset}", "/a/{asset}/v{n}/original", "/v1/assets",
        "/v1/assets/{asset}", "/v1/assets/{asset}/undelete", "/v1/assets/{asset}/reprocess",
        "/v1/assets/{asset}/latest", "/v1/assets/{asset}/versions", "/v1/assets/{asset}/versions/{n}", "other",
    ]

    /// Of a delivery.
    var deliveryPath: DeliveryPath? {
        guard case .delivery(let path) = self else { return nil }
        return path
    }

    /// What a line about a failure calls it by: of a delivery or an original, which has no query and is of our own
    /// spelling.
    var picture: String? {
        if case .original(let ref) = self { return "/a/\(ref.asset)/v\(ref.number)/\(PresetName.reserved)" }
        return self.deliveryPath?.description
    }

    var methods: [HTTPRequest.Method] {
        switch self {
        case .delivery: [.get, .head, .options]
        case .original, .version: [.get, .head]
        case .assets, .versions: [.get, .head, .post]
        case .asset: [.get, .head, .delete]
        case .undelete, .reprocess: [.post]
        case .latest: [.put]
        case .unknown: []
        }
    }

    /// Whether a POST to it is an upload.
    var isForUploads: Bool {
        switch self {
        case .assets, .versions: true
        default: false
        }
    }

    /// Whether what is done for it has parts that are worth telling apart.
    var hasStages: Bool {
        switch self {
        case .delivery, .original: true
        default: self.isForUploads
        }
    }

    /// What `Allow` says; empty where nothing is.
    var allow: String { self.methods.map(\.rawValue).joined(separator: ", ") }

    /// Whether the target may have a query.
    func takesQuery(_ method: HTTPRequest.Method) -> Bool {
        switch self {
        case .assets, .versions: true
        case .reprocess: true
        case .asset: method == .delete
        case .delivery(let path): path.isSigned
        default: false
        }
    }

    /// Whether the caller must show the API token where one is set. Where none is, originals are not given out at all.
    var needsToken: Bool {
        switch self {
        case .delivery, .unknown: false
        default: true
        }
    }

    /// Whether it is a path below `/a`, which has no query: a second spelling of one would be a second object in every
    /// cache, and one that a purge misses.
    fileprivate var hasOneSpelling: Bool {
        switch self {
        // A signature is a query; it is looked at with the path.
        case .delivery(let path): !path.isSigned
        case .original: true
        default: false
        }
    }
}

/// A request target, taken apart.
struct RequestTarget: Hashable, Sendable {
    let route: Route
    /// What follows the question mark; nil without one.
    let query: Substring?

    /// - Parameter text: the request target in origin form, as it came.
    init(_ text: String) {
        let mark = text.utf8.firstIndex(of: UInt8(ascii: "?"))
        self.query = mark.map { text[text.utf8.index(after: $0)...] }
        let route = Route(path: text[..<(mark ?? text.endIndex)])
        self.route = route.hasOneSpelling && self.query != nil ? .unknown : route
    }
}
