/// Which caches are in front, as far as deliveries differ for them: the fields that tell them an object's tags
/// (``SurrogateKey``), and what they take in those.
package enum CDNProfile: String, Sendable, CaseIterable {
    /// Both of the common fields, within the limits of everybody here.
    case portable
    case cloudflare
    case fastly
    case cloudfront
    case akamai
    case varnish
    /// Nobody purges by tags.
    case none

    /// A field that carries tags.
    package struct TagField: Sendable, Hashable {
        package let name: String
        /// Between two tags.
        package let separator: String
    }

    /// What a cache takes; beyond it drops tags, or all of them, without a word.
    package struct TagLimits: Sendable, Hashable {
        /// Of one object.
        package let tagsMax: Int
        package let tagBytesMax: Int
        /// Of the field's whole value.
        package let valueBytesMax: Int

        package func allow(_ value: String, _ tags: [String]) -> Bool {
            tags.count <= self.tagsMax && value.utf8.count <= self.valueBytesMax
                && tags.allSatisfy { $0.utf8.count <= self.tagBytesMax }
        }
    }

    package var tagFields: [TagField] {
        let cacheTag = TagField(name: "Cache-Tag", separator: ",")
        let surrogateKey = TagField(name: "Surrogate-Key", separator: " ")
        switch self {
        case .portable: return [cacheTag, surrogateKey]
        // CloudFront reads the field that its CacheTagConfig names.
        case .cloudflare, .cloudfront: return [cacheTag]
        case .fastly, .varnish: return [surrogateKey]
        case .akamai: return [TagField(name: "Edge-Cache-Tag", separator: ",")]
        case .none: return []
        }
    }

    /// By the caches' own documents (FIELD.md, CDN origin contract). Where one says nothing of the number of tags, what
    /// fits into the value.
    package var tagLimits: TagLimits {
        switch self {
        case .portable, .none: TagLimits(tagsMax: 50, tagBytesMax: 128, valueBytesMax: 8192)
        case .cloudflare: TagLimits(tagsMax: 16_384, tagBytesMax: 1024, valueBytesMax: 16_384)
        case .fastly: TagLimits(tagsMax: 16_384, tagBytesMax: 1024, valueBytesMax: 16_384)
        case .cloudfront: TagLimits(tagsMax: 50, tagBytesMax: 256, valueBytesMax: 50 * 257)
        case .akamai: TagLimits(tagsMax: 128, tagBytesMax: 128, valueBytesMax: 128 * 129)
        // http_resp_hdr_len, 8 KiB, is for the whole line.
        case .varnish: TagLimits(tagsMax: 8000, tagBytesMax: 8000, valueBytesMax: 8000)
        }
    }
}
