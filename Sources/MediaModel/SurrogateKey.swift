/// The tags that deliveries carry (`Surrogate-Key`, `Cache-Tag`) and purges name. Written here once: a purge that
/// spells a tag otherwise than the delivery did finds nothing, and nobody hears of it.
///
/// The alphabet, `[a-z0-9._-]`, is what Cloudflare, CloudFront, Akamai and Fastly have in common (FIELD.md, CDN origin
/// contract).
package enum SurrogateKey {
    /// Everything of an asset, whatever the version.
    package static func asset(_ asset: AssetID) -> String { "a.\(asset)" }

    /// What was delivered as that version of an asset; `latest` apart, which alone changes.
    package static func version(_ selector: VersionSelector, of asset: AssetID) -> String {
        switch selector {
        case .number(let number): "a.\(asset).v\(number)"
        case .latest: "a.\(asset).latest"
        }
    }

    /// Everything that was made with a preset.
    package static func preset(_ name: PresetName) -> String { "p.\(name)" }
}
