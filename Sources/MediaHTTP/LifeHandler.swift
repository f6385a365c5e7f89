import FoundationEssentials
import HTTPTypes
import Hummingbird
import MediaModel
import MediaOrigin
import NIOCore

/// What becomes of an asset after its upload: deleted, taken back, processed anew, another version the latest.
struct LifeHandler: Sendable {
    /// Bytes of a JSON document that a client sends.
    static let documentBytesMax = 1024

    let describe: Describe
    let remove: Remove
    let revise: Revise
    let baseURL: String

    /// `DELETE /v1/assets/{asset}?immediate=`
    func delete(_ asset: AssetID, query: Substring?, _ incoming: IncomingBody) async throws -> Response {
        let isImmediate = try Self.isImmediate(query)
        try await incoming.requireEmpty()
        try await self.remove(asset, immediately: isImmediate)
        return .withoutContent(.noContent, [.cacheControl: "no-store"])
    }

    /// `POST /v1/assets/{asset}/undelete`. An asset that is not deleted is as the client wants it: an answer that was
    /// lost can be asked for again.
    func undelete(_ asset: AssetID, _ incoming: IncomingBody) async throws -> Response {
        try await incoming.requireEmpty()
        do {
            try await self.remove.undo(asset)
        } catch let error as CatalogError where error.code == .conflict {}
        return .json(Manifest(try await self.describe.asset(asset), baseURL: self.baseURL))
    }

    /// `POST /v1/assets/{asset}/reprocess?focus=`
    func reprocess(_ asset: AssetID, query: Substring?, _ incoming: IncomingBody) async throws -> Response {
        let focus = try FocusField.read(query)
        try await incoming.requireEmpty()
        let respondsAsync = Preferences.respondsAsync(incoming.fields)
        let version = try await self.revise.reprocess(asset, focus: focus, respondsAsync: respondsAsync)
        return .manifest(ofNew: version, baseURL: self.baseURL, respondsAsync: respondsAsync)
    }

    /// `PUT /v1/assets/{asset}/latest`
    func setLatest(_ asset: AssetID, _ incoming: IncomingBody) async throws -> Response {
        let number = try await Self.version(in: incoming)
        let version = try await self.revise.setLatest(VersionRef(asset: asset, number: number))
        return .json(Manifest(version, baseURL: self.baseURL))
    }

    private static func isImmediate(_ query: Substring?) throws(Problem) -> Bool {
        switch try QueryFields(query, names: ["immediate"])["immediate"] {
        case nil, "false": false
        case "true": true
        default: throw .badQuery("'immediate' is 'true' or 'false'.")
        }
    }

    private static func version(in incoming: IncomingBody) async throws -> VersionNumber {
        let document = try await incoming.json(bytesMax: Self.documentBytesMax)
        do {
            return VersionNumber(try JSONDecoder().decode(LatestDocument.self, from: document).version)
        } catch is DecodingError {
            throw Problem.badJSON(
                "Send {\"version\": n} and nothing else; n is the number of a version, from 1 to \(VersionNumber.max)."
            )
        }
    }
}

/// `{"version": 3}`: what is to be the latest.
private struct LatestDocument: Decodable {
    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }

        init?(intValue: Int) { nil }
    }

    /// 1 ... 999,999,999.
    let version: Int

    /// Another field is refused: it says something that would not be done.
    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        let key = Key(stringValue: "version")
        self.version = try container.decode(Int.self, forKey: key)
        guard container.allKeys.count == 1, (1...VersionNumber.max.value).contains(self.version) else {
            throw DecodingError.dataCorruptedError(forKey: key, in: container, debugDescription: "")
        }
    }
}
