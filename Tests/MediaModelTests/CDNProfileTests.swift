import MediaModel
import MediaTesting
import Testing

@Suite struct CDNProfileTests {
    /// The longest tags there are.
    private func tags() throws -> [String] {
        let asset = AssetID.make()
        let preset = try #require(PresetName(String(repeating: "p", count: PresetName.lengthMax)))
        let version = VersionNumber.max
        return [
            SurrogateKey.asset(asset), SurrogateKey.version(.number(version), of: asset),
            SurrogateKey.version(.latest, of: asset), SurrogateKey.preset(preset),
        ]
    }

    @Test(arguments: CDNProfile.allCases)
    func takesOurLongestTags(profile: CDNProfile) throws {
        for field in profile.tagFields {
            let tags = try self.tags()
            #expect(profile.tagLimits.allow(tags.joined(separator: field.separator), tags))
            #expect(tags.allSatisfy { !$0.contains(field.separator) })
        }
    }

    @Test(arguments: CDNProfile.allCases)
    func doesNotTakeMoreThanItsLimits(profile: CDNProfile) {
        let limits = profile.tagLimits
        let long = [String(repeating: "a", count: limits.tagBytesMax + 1)]
        #expect(!limits.allow(long[0], long))
        let many = [String](repeating: "a", count: limits.tagsMax + 1)
        #expect(!limits.allow("", many))
        #expect(!limits.allow(String(repeating: "a", count: limits.valueBytesMax + 1), ["a"]))
    }
}
