import MediaModel

/// What a request target of the public listener names. Targets have one canonical spelling; the rest is `unknown`.
enum Route: Hashable, Sendable {
    /// `/a/{asset}/v{n}/{preset}.webp`, `/a/{asset}/latest/{preset}.webp`
    case delivery(DeliveryPath)
    /// `/v1/assets`, with its query where there is one.
    case assets(query: String?)
    /// `/v1/assets/{asset}`
    case asset(AssetID)
    /// `/v1/assets/{asset}/versions`
    case versions(AssetID)
    case unknown

    /// - Parameter target: the request target in origin form, as it came.
    init(_ target: String) {
        if let path = DeliveryPath(target) {
            self = .delivery(path)
            return
        }
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let query = parts.count > 1 ? String(parts[1]) : nil
        let segments = parts[0].split(separator: "/", omittingEmptySubsequences: false)
        guard segments.starts(with: ["", "v1", "assets"]) else {
            self = .unknown
            return
        }
        let asset = segments.count > 3 ? AssetID(segments[3]) : nil
        switch (segments.count, asset, query) {
        case (3, nil, _): self = .assets(query: query)
        case (4, let asset?, nil): self = .asset(asset)
        case (5, let asset?, nil) where segments[4] == "versions": self = .versions(asset)
        default: self = .unknown
        }
    }

    /// The name of the route in metrics and logs: never a URL or an id.
    var template: String {
        switch self {
        case .delivery(let path) where path.version == .latest: "/a/{asset}/latest/{preset}"
        case .delivery: "/a/{asset}/v{n}/{preset}"
        case .assets: "/v1/assets"
        case .asset: "/v1/assets/{asset}"
        case .versions: "/v1/assets/{asset}/versions"
        case .unknown: "other"
        }
    }

    /// What `Allow` says; empty where nothing is.
    var allow: String {
        switch self {
        case .delivery, .asset: "GET, HEAD"
        case .assets: "GET, HEAD, POST"
        case .versions: "POST"
        case .unknown: ""
        }
    }

    /// Whether the caller must show the API token where one is set.
    var isAPI: Bool {
        switch self {
        case .assets, .asset, .versions: true
        case .delivery, .unknown: false
        }
    }
}
