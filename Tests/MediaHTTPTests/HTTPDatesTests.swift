import Testing

@testable import MediaHTTP

@Suite struct HTTPDatesTests {
    /// 2026-11-21.
    static let now = 1_795_219_200

    @Test(arguments: [
        (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
        (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
        (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
        (951_868_799, "Tue, 29 Feb 2000 23:59:59 GMT"),
        (951_868_800, "Wed, 01 Mar 2000 00:00:00 GMT"),
        (1_709_164_800, "Thu, 29 Feb 2024 00:00:00 GMT"),
        (2_147_483_648, "Tue, 19 Jan 2038 03:14:08 GMT"),
        (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
        (253_402_300_799, "Fri, 31 Dec 9999 23:59:59 GMT"),
    ])
    func fixdateIsWrittenAndReadBack(seconds: Int, text: String) {
        #expect(HTTPDates.format(unixSeconds: seconds) == text)
        #expect(HTTPDates.parse(text, now: Self.now) == seconds)
    }

    @Test func whatHasNoFourDigitYearIsMovedToTheNearerEnd() {
        #expect(HTTPDates.format(unixSeconds: -1) == "Thu, 01 Jan 1970 00:00:00 GMT")
        #expect(HTTPDates.format(unixSeconds: .min) == "Thu, 01 Jan 1970 00:00:00 GMT")
        #expect(HTTPDates.format(unixSeconds: .max) == "Fri, 31 Dec 9999 23:59:59 GMT")
    }

    @Test func everyDayOfFourCenturiesIsFoundAgain() {
        let lost = (0..<146_097).first { day in
            let date = CivilDate(daysSince1970: day)
            return !date.exists || date.daysSince1970 != day
        }
        #expect(lost == nil)
        for day in stride(from: 0, to: 146_097, by: 29) {
            let seconds = day * 86_400 + day % 86_400
            #expect(HTTPDates.parse(HTTPDates.format(unixSeconds: seconds), now: Self.now) == seconds)
        }
    }

    @Test(arguments: [
        ("Sunday, 06-Nov-94 08:49:37 GMT", 784_111_777),
        ("Sun Nov  6 08:49:37 1994", 784_111_777),
        ("Wed Nov 16 08:49:37 1994", 784_975_777),
        ("Wed, 31 Dec 1969 23:59:59 GMT", -1),
        // A leap second is in the grammar.
        ("Sat, 31 Dec 2016 23:59:60 GMT", 1_483_228_800),
    ])
    func theOtherFormsAreRead(text: String, seconds: Int) {
        #expect(HTTPDates.parse(text, now: Self.now) == seconds)
    }

    /// RFC 9110 §5.6.7: more than 50 years ahead means the most recent past year of the same two digits.
    @Test(arguments: [
        ("Saturday, 21-Nov-26 00:00:00 GMT", "Sat, 21 Nov 2026 00:00:00 GMT"),
        ("Saturday, 21-Nov-76 00:00:00 GMT", "Sat, 21 Nov 2076 00:00:00 GMT"),
        ("Monday, 22-Nov-76 00:00:00 GMT", "Mon, 22 Nov 1976 00:00:00 GMT"),
        ("Monday, 21-Nov-77 00:00:00 GMT", "Mon, 21 Nov 1977 00:00:00 GMT"),
        ("Saturday, 01-Jan-00 00:00:00 GMT", "Sat, 01 Jan 2000 00:00:00 GMT"),
    ])
    func twoDigitYearIsAtMostFiftyYearsAhead(text: String, same: String) {
        #expect(HTTPDates.parse(text, now: Self.now) == HTTPDates.parse(same, now: Self.now))
        #expect(HTTPDates.parse(text, now: Self.now) != nil)
    }

    @Test func twoDigitYearIsOfTheNextCenturyNearItsEnd() {
        // In 2099, "01" is 2101.
        let now = 4_086_000_000
        #expect(HTTPDates.format(unixSeconds: now).contains("2099"))
        let year = HTTPDates.parse("Saturday, 01-Jan-01 00:00:00 GMT", now: now)
        #expect(year.map(HTTPDates.format) == "Sat, 01 Jan 2101 00:00:00 GMT")
    }

    @Test(arguments: [
        "", " ", "0", "Sun", "Sun,", "Sunday", "1994-11-06T08:49:37Z", "784111777",
        "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 06 Nov 1994 08:49:37 +0000", "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 GMT ", " Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun,06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 94 08:49:37 GMT", "Sun, 06  Nov 1994 08:49:37 GMT",
        "sun, 06 nov 1994 08:49:37 gmt", "Mon, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:60:37 GMT", "Sun, 06 Nov 1994 08:49:61 GMT", "Sun, 06 Nov 1994 8:49:37 GMT",
        "Sun, 06 Nov 19944 08:49:37 GMT", "Sun, +6 Nov 1994 08:49:37 GMT", "Sun, 00 Nov 1994 08:49:37 GMT",
        "Sun, 06 Foo 1994 08:49:37 GMT", "Wed, 29 Feb 2023 00:00:00 GMT", "Mon, 29 Feb 2100 00:00:00 GMT",
        "Sat, 31 Nov 1994 00:00:00 GMT", "Sun Nov 06 08:49:37 94", "Sun Nov 6 08:49:37 1994",
        "Sun Nov   6 08:49:37 1994",
        "Sun Nov  6 08:49:37 1994 GMT", "Sun, 06-Nov-94 08:49:37 GMT", "Sunday, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT", "Sun, ०६ Nov 1994 08:49:37 GMT",
    ])
    func whatIsNoHTTPDateIsRefused(text: String) {
        #expect(HTTPDates.parse(text, now: Self.now) == nil)
    }
}
