import Testing

@testable import MediaHTTP

@Suite struct AcceptEncodingTests {
    @Test(arguments: [
        "gzip", "GZIP", "x-gzip", "deflate, gzip;q=1.0, *;q=0.5", "br;q=1.0, gzip;q=0.8, *;q=0.1", "*", "gzip;q=0.001",
        " gzip ; q=0.5 ", "gzip;Q=1", "identity;q=0.5, gzip;q=0.5", "identity;q=0, *", "bad;;q, gzip", ",gzip,",
        "gzip;q=1.", "gzip;q=0.5, identity;q=0.499",
    ])
    func takesGzip(field: String) { #expect(AcceptEncoding(field).prefersGzip) }

    @Test(arguments: [
        "", "identity", "br", "deflate, br, zstd", "gzip;q=0", "gzip;q=0.000", "*;q=0", "gzip;q=0, *", "gzip2",
        "identity, gzip;q=0.9", "gzip;q=2", "gzip;q=1.001", "gzip;q=0.1234", "gzip;q=", "gzip;q=-1", "gzip;q=.5",
        "gzip;q=0,5", "gzip;level=9", "gzip;q=1;q=1", "g zip", "gzip q=1", "x-gzip;q=0",
    ])
    func doesNotTakeGzip(field: String) { #expect(!AcceptEncoding(field).prefersGzip) }
}
