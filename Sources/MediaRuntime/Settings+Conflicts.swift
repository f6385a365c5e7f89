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
        case .service: self.pictureConflicts + self.listenerConflicts + self.keyConflicts
        case .storage: self.pictureConflicts + self.keyConflicts
        case .batch: self.pictureConflicts
        case .client: []
        }
    }

    private var pictureConflicts: [Conflict] {
        guard self.image.pixelsMax > self.image.pixelsTotalMax else { return [] }
        return [
            Conflict(
                keys: ["image.pixels.max", "image.pixels.total.max", "--config"],
                problem: .conflict(
                    "image.pixels.max",
                    "image.pixels.max is \(self.image.pixelsMax): expected at most image.pixels.total.max, "
                        + "which is \(self.image.pixelsTotalMax); raise that or lower this"
                )
            )
        ]
    }

    private var keyConflicts: [Conflict] {
        var conflicts: [Conflict] = []
        if self.keys.softAge > self.keys.hardAge {
            conflicts.append(
                Conflict(
                    keys: ["key.age.soft", "key.age.hard", "--config"],
                    problem: .conflict(
                        "key.age.soft",
                        "key.age.soft: expected at most key.age.hard; raise that or lower this"
                    )
                )
            )
        }
        let parts = [
            ("kms.region", self.kms.region != nil), ("kms.access.key.id", self.kms.accessKeyID != nil),
            ("kms.secret.access.key", self.kms.secretAccessKey != nil),
        ]
        let missing = parts.filter { !$0.1 }.map(\.0)
        if self.kms.keyID != nil, !missing.isEmpty {
            conflicts.append(
                Conflict(
                    keys: Set(parts.map(\.0) + ["kms.key.id", "--config"]),
                    problem: .conflict(
                        "kms.key.id",
                        "kms.key.id is set and \(missing.joined(separator: ", ")) is not: a KMS needs all of them; "
                            + "without kms.key.id the key ring is used"
                    )
                )
            )
        }
        let present = parts.filter(\.1).map(\.0) + (self.kms.endpoint != nil ? ["kms.endpoint"] : [])
        if self.kms.keyID == nil, let first = present.first {
            conflicts.append(
                Conflict(
                    keys: Set(present + ["kms.key.id", "--config"]),
                    problem: .conflict(
                        first,
                        "\(present.joined(separator: ", ")): nothing reads it while kms.key.id is not set"
                    )
                )
            )
        }
        return conflicts
    }

    private var listenerConflicts: [Conflict] {
        var conflicts: [Conflict] = []
        if self.http.port == self.admin.port, self.http.port != 0 {
            conflicts.append(
                Conflict(
                    keys: ["http.port", "admin.port", "--config"],
                    problem: .conflict(
                        "admin.port",
                        "admin.port is \(self.admin.port), as http.port is: expected two different ports"
                    )
                )
            )
        }
        // Anybody who reaches an API without a token can fill the disk and delete every asset.
        if HostReach(host: self.http.host) != .loopback, self.apiToken == nil {
            conflicts.append(
                Conflict(
                    keys: ["http.host", "api.token", "--config"],
                    problem: .conflict(
                        "http.host",
                        "http.host is '\(self.http.host)' and api.token is not set: The service does not start on a "
                            + "public address without authentication set up. Set api.token (MEDIA_API_TOKEN, for "
                            + "example from 'openssl rand -hex 32'), or http.host to 127.0.0.1"
                    )
                )
            )
        }
        // The admin listener has no authentication: metrics and dependency states are nobody's business outside.
        if HostReach(host: self.admin.host) == .anybody {
            conflicts.append(
                Conflict(
                    keys: ["admin.host", "--config"],
                    problem: .conflict(
                        "admin.host",
                        "admin.host is '\(self.admin.host)': expected a loopback address or one of a private network "
                            + "(10/8, 172.16/12, 192.168/16, 169.254/16, fc00::/7, fe80::/10), because the admin "
                            + "listener has no authentication; in a container give it the container's own address"
                    )
                )
            )
        }
        return conflicts
    }
}
