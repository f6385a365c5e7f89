import HTTPTypes
import MediaModel
import Testing

@testable import MediaHTTP

@Suite struct RouteTests {
    static let id = "01jd3m8m9x0000000000000000"

    @Test(arguments: [
        ("/v1/assets", "/v1/assets", "GET, HEAD, POST"), ("/v1/assets?limit=1", "/v1/assets", "GET, HEAD, POST"),
        ("/v1/assets/\(id)", "/v1/assets/{asset}", "GET, HEAD, DELETE"),
        ("/v1/assets/\(id)?immediate=true", "/v1/assets/{asset}", "GET, HEAD, DELETE"),
        ("/v1/assets/\(id)/undelete", "/v1/assets/{asset}/undelete", "POST"),
        ("/v1/assets/\(id)/reprocess", "/v1/assets/{asset}/reprocess", "POST"),
        ("/v1/assets/\(id)/latest", "/v1/assets/{asset}/latest", "PUT"),
        ("/v1/assets/\(id)/versions", "/v1/assets/{asset}/versions", "GET, HEAD, POST"),
        ("/v1/assets/\(id)/versions/1", "/v1/assets/{asset}/versions/{n}", "GET, HEAD"),
        ("/v1/assets/\(id)/versions/999999999", "/v1/assets/{asset}/versions/{n}", "GET, HEAD"),
        ("/a/\(id)/v1/thumbnail.webp", "/a/{asset}/v{n}/{preset}", "GET, HEAD, OPTIONS"),
        ("/a/\(id)/latest/thumbnail.webp", "/a/{asset}/latest/{preset}", "GET, HEAD, OPTIONS"),
        ("/a/\(id)/v1/thumbnail", "/a/{asset}/v{n}/{preset}", "GET, HEAD, OPTIONS"),
        ("/a/\(id)/latest/thumbnail", "/a/{asset}/latest/{preset}", "GET, HEAD, OPTIONS"),
        ("/a/\(id)/v1/original", "/a/{asset}/v{n}/original", "GET, HEAD"),
    ])
    func everyRouteKnowsItsNameAndItsMethods(target: String, template: String, allow: String) {
        let route = RequestTarget(target).route
        #expect(route.template == template)
        #expect(route.allow == allow)
        #expect(route.needsToken == (target.hasPrefix("/v1/") || target.hasSuffix("/original")))
    }

    @Test(arguments: [
        "", "/", "*", "/v1", "/v1/", "/v1/assets/", "/v1/assets/?limit=1", "/v1/assets/nothing", "/v1/assets/\(id)/",
        "/v1/assets/\(id.uppercased())", "/v1//assets", "//v1/assets", "/v1/assets/\(id)/undelete/",
        "/v1/assets/\(id)/Undelete", "/v1/assets/\(id)/versions/", "/v1/assets/\(id)/versions/0",
        "/v1/assets/\(id)/versions/01", "/v1/assets/\(id)/versions/1000000000", "/v1/assets/\(id)/versions/1/x",
        "/v1/assets/\(id)/%76ersions", "/a/\(id)/v1/thumbnail.webp?x=1", "/a/\(id)/v1/thumbnail.webp?",
        "/a/\(id)/v1/thumbnail?x", "/a/\(id)/v1/original?", "/a/\(id)/v1/original.jpg", "/a/\(id)/latest/original",
        "/a/\(id)/v01/original", "/a/\(id)/v1/original/", "/a/\(id)/v1/Original",
    ])
    func anotherSpellingIsNoRoute(target: String) {
        let route = RequestTarget(target).route
        #expect(route == .unknown)
        #expect(route.allow.isEmpty)
        #expect(route.template == "other")
    }

    /// Of what no route can be no more is looked at than of what one is.
    @Test func whatIsLongerThanAnyRouteIsNone() {
        let delivery = "/a/\(Self.id)/v999999999/"
        let options = "w=1,h=1,fit=pad,effort=6,lossless=1,anim=1,bg=11223344.avif"
        for file in [String(repeating: "n", count: PresetName.lengthMax) + ".webp", options] {
            #expect(RequestTarget(delivery + file).route.template == "/a/{asset}/v{n}/{preset}")
        }
        // As it would be with a hundred bytes of options.
        #expect(delivery.utf8.count + 100 + ".webp".utf8.count <= DeliveryPath.bytesMax)
        let query = String(repeating: "a/b?", count: 16_000)
        #expect(RequestTarget("/v1/assets?" + query).route == .assets)
        #expect(RequestTarget("/v1/assets?" + query).query == query[...])
        for piece in ["/", "/v1/assets", "a", "é", "%2F", "\r\n", "/\u{301}"] {
            let long = String(repeating: piece, count: 8000)
            for target in [long, "/v1/assets/\(Self.id)/versions\(long)", delivery + long] {
                #expect(RequestTarget(target).route == .unknown)
            }
        }
        // What splits ends where a byte does, whatever a reader of text would make of the next one.
        #expect(RequestTarget("/v1/assets/\u{301}").route == .unknown)
        #expect(RequestTarget("/v1/assets?\u{301}").query == "\u{301}")
    }

    @Test func queriesAreForListsDeletionsAndFocalPoints() {
        let asset = "/v1/assets/\(Self.id)"
        let takes: [(String, HTTPRequest.Method, Bool)] = [
            ("/v1/assets", .get, true), ("/v1/assets", .head, true), ("/v1/assets", .post, true),
            (asset, .get, false), (asset, .delete, true), ("\(asset)/versions", .get, true),
            ("\(asset)/versions", .post, true), ("\(asset)/versions/1", .get, false), ("\(asset)/latest", .put, false),
            ("\(asset)/reprocess", .post, true), ("\(asset)/undelete", .post, false),
        ]
        for (target, method, expected) in takes {
            #expect(RequestTarget(target).route.takesQuery(method) == expected, "\(method) \(target)")
        }
        #expect(RequestTarget("/v1/assets").query == nil)
        #expect(RequestTarget("/v1/assets?").query == "")
        #expect(RequestTarget("/v1/assets?a?b").query == "a?b")
    }
}
