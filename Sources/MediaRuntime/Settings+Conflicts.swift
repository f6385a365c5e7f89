import MediaModel

/// The rules that need more than one value.
extension Settings {
    /// Values that do not go together, and the settings they concern.
    struct Conflict {
        let keys: Set<String>
        let problem: SettingsError.Problem
    }

    func conflicts(for purpose: Purpose) -> [Conflict] {
        switch purpose {
        case .service:
            self.pictureConflicts + self.listenerConflicts + self.keyConflicts + self.purgeConflicts
                + self.traceConflicts
        case .storage: self.pictureConflicts + self.keyConflicts
        case .batch: self.pictureConflicts
        case .client: []
        }
    }

    private var pictureConflicts: [Conflict] {
        [
            rule(
                ["image.pixels.max", "image.pixels.total.max"],
                when: self.image.pixelsMax > self.image.pixelsTotalMax,
                says: "image.pixels.max is \(self.image.pixelsMax): expected at most image.pixels.total.max, which is "
                    + "\(self.image.pixelsTotalMax); raise that or lower this"
            )
        ].compactMap { $0 }
    }

    private var keyConflicts: [Conflict] {
        let parts = [
            ("kms.region", self.kms.region != nil), ("kms.access.key.id", self.kms.accessKeyID != nil),
            ("kms.secret.access.key", self.kms.secretAccessKey != nil),
        ]
        let missing = parts.filter { !$0.1 }.map(\.0)
        let others = [
            ("kms.endpoint", self.kms.endpoint != nil), ("kms.session.token", self.kms.sessionToken != nil),
            ("key.ring.former.path", self.keys.formerRingPath != nil),
        ]
        let present = (parts + others).filter(\.1).map(\.0)
        return [
            rule(
                ["key.age.soft", "key.age.hard"],
                when: self.keys.softAge > self.keys.hardAge,
                says: "key.age.soft: expected at most key.age.hard; raise that or lower this"
            ),
            rule(
                ["kms.key.id"] + parts.map(\.0),
                when: self.kms.keyID != nil && !missing.isEmpty,
                says:
                    "kms.key.id is set and \(missing.joined(separator: ", ")) is not: a KMS needs all of them; without "
                    + "kms.key.id the key ring is used"
            ),
            rule(
                present + ["kms.key.id"],
                when: self.kms.keyID == nil && !present.isEmpty,
                says: "\(present.joined(separator: ", ")): nothing reads it while kms.key.id is not set"
            ),
        ].compactMap { $0 }
    }

    private var purgeConflicts: [Conflict] {
        let nowhere = (self.purge.targets ?? []).first { target in
            target.kind == .cloudflare && target.value(.by) == "urls" && target.value(.site) == nil
        }
        let deaf = (self.purge.targets ?? []).first { target in
            guard let field = target.tagField else { return false }
            return !self.cdnProfile.tagFields.contains { $0.name == field }
        }
        return [
            rule(
                ["purge.targets", "cdn.profile"],
                when: deaf != nil,
                says:
                    "purge.targets: \(deaf?.name.description ?? "") purges by \(deaf?.tagField ?? ""), which "
                    + "deliveries do not have with cdn.profile \(self.cdnProfile.rawValue); take portable"
            ),
            rule(
                ["purge.targets", "public.base.url"],
                when: nowhere != nil && self.publicBaseURL == nil,
                says: "purge.targets: \(nowhere?.name.description ?? "") purges by=urls, and nothing says what those "
                    + "begin with: give it site=https://…, or set public.base.url"
            ),
        ].compactMap { $0 }
    }

    private var listenerConflicts: [Conflict] {
        [
            rule(
                ["admin.port", "http.port"],
                when: self.http.port == self.admin.port && self.http.port != 0,
                says: "admin.port is \(self.admin.port), as http.port is: expected two different ports"
            ),
            rule(
                ["tls.certificate.file", "tls.key.file"],
                when: (self.tls.certificateFile == nil) != (self.tls.keyFile == nil),
                says: self.tls.keyFile == nil
                    ? "tls.certificate.file is set and tls.key.file is not: TLS needs both"
                    : "tls.key.file is set and tls.certificate.file is not: TLS needs both"
            ),
            // Anybody who reaches an API without a token can fill the disk and delete every asset.
            rule(
                ["http.host", "api.token"],
                when: HostReach(host: self.http.host) != .loopback && self.apiToken == nil,
                says:
                    "http.host is '\(self.http.host)' and api.token is not set: The service does not start on a public "
                    + "address without authentication set up. Set api.token (MEDIA_API_TOKEN, for example from "
                    + "'openssl rand -hex 32'), or http.host to 127.0.0.1"
            ),
            // The admin listener has no authentication: metrics and dependency states are nobody's business outside.
            rule(
                ["admin.host"],
                when: HostReach(host: self.admin.host) == .anybody,
                says: "admin.host is '\(self.admin.host)': expected a loopback address or one of a private network "
                    + "(10/8, 172.16/12, 192.168/16, 169.254/16, fc00::/7, fe80::/10), because the admin listener has "
                    + "no authentication; in a container give it the container's own address"
            ),
        ].compactMap { $0 }
    }
}

/// One rule between settings.
///
/// - Parameters:
///   - keys: those that it concerns; the first is the one that the complaint is filed under. A value of any of them
///     that does not parse, or a file that cannot be read, goes before the rule.
///   - text: what is wrong, and what to do.
/// - Returns: nil where the rule is kept.
func rule(_ keys: [String], when isBroken: Bool, says text: @autoclosure () -> String) -> Settings.Conflict? {
    guard isBroken else { return nil }
    return Settings.Conflict(keys: Set(keys + ["--config"]), problem: .conflict(keys[0], text()))
}
