import FoundationEssentials
import MediaModel
import MediaOrigin
import MediaPurging
import MediaSealing

/// The purge targets of the settings, with their secrets read: what can be wrong with them stops the start.
struct PurgeTargets: Sendable {
    private typealias MakeDriver = @Sendable (PurgeConnection) -> any PurgeDriver

    private let settings: Settings.Purge
    private let plans: [(text: PurgeTargetText, driver: MakeDriver)]

    /// - Throws: ``SettingsError`` where a file cannot be read, or what is in it is no secret of its kind.
    init(_ settings: Settings) throws(SettingsError) {
        self.settings = settings.purge
        var plans: [(text: PurgeTargetText, driver: MakeDriver)] = []
        for text in settings.purge.targets ?? [] { plans.append((text, try Self.driver(text, settings))) }
        self.plans = plans
    }

    var areThere: Bool { !self.plans.isEmpty }

    var policy: PurgePolicy {
        var policy = PurgePolicy()
        policy.retryMax = self.settings.retryMax
        policy.rebound = self.settings.rebound
        policy.horizon = self.settings.horizon
        return policy
    }

    /// - Parameter signer: of recipes without a name; nil: there are none.
    /// - Returns: the client that the targets share, to be shut down; nil where there are none.
    func open(signer: RecipeSigner?) -> (targets: [PurgeTarget], client: PurgeClient?) {
        guard !self.plans.isEmpty else { return ([], nil) }
        let client = PurgeClient(deadline: self.settings.deadline)
        let targets = self.plans.map { text, driver in
            let connection = PurgeConnection(client, perSecond: text.rate, deadline: self.settings.deadline)
            return PurgeTarget(name: text.name, driver: SignedPathsDriver(driver(connection), signer: signer))
        }
        return (targets, client)
    }

    private static func driver(_ text: PurgeTargetText, _ settings: Settings) throws(SettingsError) -> MakeDriver {
        switch text.kind {
        case .varnish:
            let mode = VarnishDriver.Mode(rawValue: text.required(.mode)) ?? .xkey
            return { VarnishDriver(url: text.required(.url), mode: mode, connection: $0) }
        case .nginx: return { NginxDriver(url: text.required(.url), connection: $0) }
        case .cloudflare:
            let token = try Self.secret(.tokenFile, of: text)
            let site = text.value(.site) ?? settings.publicBaseURL ?? ""
            let scope: CloudflareDriver.Scope = text.required(.by) == "urls" ? .urls(site: site) : .tags
            return { connection in
                CloudflareDriver(
                    url: text.required(.url),
                    zone: text.required(.zone),
                    token: token,
                    scope: scope,
                    connection: connection
                )
            }
        case .fastly:
            let token = try Self.secret(.tokenFile, of: text)
            return { connection in
                FastlyDriver(
                    url: text.required(.url),
                    service: text.required(.service),
                    token: token,
                    connection: connection
                )
            }
        case .cloudfront: return try Self.cloudFront(text)
        case .webhook:
            let key = try Self.webhookKey(of: text)
            let authenticator = MessageAuthenticator(key: key)
            return { WebhookDriver(url: text.required(.url), authenticator: authenticator, connection: $0) }
        }
    }

    private static func cloudFront(_ text: PurgeTargetText) throws(SettingsError) -> MakeDriver {
        let credentials = AWSCredentials(
            accessKeyID: text.required(.keyID),
            secretAccessKey: try Self.secret(.keyFile, of: text),
            sessionToken: text.value(.sessionFile) == nil ? nil : try Self.secret(.sessionFile, of: text)
        )
        let signer = AWSSignature(
            credentials: credentials,
            region: CloudFrontDriver.region,
            service: CloudFrontDriver.service
        )
        return { connection in
            CloudFrontDriver(
                url: text.required(.url),
                distribution: text.required(.distribution),
                signer: signer,
                connection: connection
            )
        }
    }

    /// As Standard Webhooks writes secrets: `whsec_` and the base64 of 24 to 64 bytes.
    private static func webhookKey(of text: PurgeTargetText) throws(SettingsError) -> [UInt8] {
        let prefix = "whsec_"
        let secret = try Self.secret(.secretFile, of: text)
        let key = secret.hasPrefix(prefix) ? Data(base64Encoded: String(secret.dropFirst(prefix.count))) : nil
        guard let key, (24...64).contains(key.count) else {
            throw Self.error(text, .secretFile, "expected \(prefix) and the base64 of 24 to 64 random bytes in it")
        }
        return [UInt8](key)
    }

    private static func secret(
        _ option: PurgeTargetOption,
        of text: PurgeTargetText
    ) throws(SettingsError) -> String {
        let path = text.required(option)
        do throws(SecretFileError) {
            return try SecretFile.read(path)
        } catch {
            throw Self.error(text, option, error.description)
        }
    }

    private static func error(_ text: PurgeTargetText, _ option: PurgeTargetOption, _ what: String) -> SettingsError {
        let file = Printable.text(text.value(option) ?? "")
        let description = "purge.targets: \(option.rawValue) of \(text.name) is '\(file)': \(what)"
        return SettingsError(problems: [.conflict("purge.targets", description)])
    }
}

extension PurgeTargetText.Kind {
    /// What a driver does where nothing else is said.
    ///
    /// Rates are below what the target takes by default: Cloudflare 5 a second on its Pro plan (5 a minute on its free
    /// one), Fastly 100,000 an hour, CloudFront an API's few a second.
    var standard: [PurgeTargetOption: String] {
        switch self {
        case .varnish: [.mode: VarnishDriver.Mode.xkey.rawValue, .rate: "200"]
        // A request a URL, where the others have one for many changes.
        case .nginx: [.rate: "2000"]
        case .cloudflare: [.by: "tags", .url: CloudflareDriver.standardURL, .rate: "4"]
        case .fastly: [.url: FastlyDriver.standardURL, .rate: "20"]
        case .cloudfront: [.url: CloudFrontDriver.standardURL, .rate: "2"]
        case .webhook: [.rate: "50"]
        }
    }
}
