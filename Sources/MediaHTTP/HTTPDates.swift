import Glibc

/// HTTP-date (RFC 9110 §5.6.7) to and from Unix seconds, without a formatter, a locale or a time zone.
package enum HTTPDates {
    /// The last second that four digits of year can say: 9999-12-31 23:59:59.
    package static let unixSecondsMax: Int = 253_402_300_799

    /// The present, in Unix seconds.
    package static var now: Int { time(nil) }

    static let dayNames = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    static let longDayNames = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
    static let monthNames = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    private static let secondsOfDay: Int = 86_400

    /// An IMF-fixdate, the only form a sender may generate: `Sun, 06 Nov 1994 08:49:37 GMT`.
    ///
    /// - Parameter unixSeconds: seconds since 1970; what lies outside 1970 … 9999 is moved to the nearer end.
    package static func format(unixSeconds: Int) -> String {
        let seconds = min(max(unixSeconds, 0), Self.unixSecondsMax)
        let days = seconds / Self.secondsOfDay
        let ofDay = seconds % Self.secondsOfDay
        let date = CivilDate(daysSince1970: days)
        let time = [ofDay / 3600, ofDay / 60 % 60, ofDay % 60].map(Self.twoDigits).joined(separator: ":")
        let month = Self.monthNames[date.month - 1]
        let year = Self.twoDigits(date.year / 100) + Self.twoDigits(date.year % 100)
        return "\(Self.dayNames[Self.weekday(days)]), \(Self.twoDigits(date.day)) \(month) \(year) \(time) GMT"
    }

    /// Reads any of the three forms that a recipient must accept: IMF-fixdate, RFC 850 and asctime.
    ///
    /// Strict: names in their exact case, the weekday that the date really has, no other zone than GMT. A date that is
    /// refused makes its precondition ignored, which costs a full answer and never a wrong one.
    ///
    /// - Parameter now: Unix seconds; decides the century of RFC 850's two-digit year.
    /// - Returns: Unix seconds, below 0 for dates before 1970; nil when it is no HTTP-date.
    package static func parse(_ text: String, now: Int) -> Int? {
        var scanner = DateScanner(text)
        guard let name = scanner.letters() else { return nil }
        if let weekday = Self.dayNames.firstIndex(of: name) {
            return scanner.skip(", ") ? Self.fixdate(&scanner, weekday) : Self.asctime(&scanner, weekday)
        }
        guard let weekday = Self.longDayNames.firstIndex(of: name), scanner.skip(", ") else { return nil }
        return Self.rfc850(&scanner, weekday, now)
    }

    /// `06 Nov 1994 08:49:37 GMT`, after the day's name.
    private static func fixdate(_ scanner: inout DateScanner, _ weekday: Int) -> Int? {
        guard let day = scanner.number(digits: 2), scanner.skip(" "),
            let month = Self.month(&scanner), scanner.skip(" "),
            let year = scanner.number(digits: 4), scanner.skip(" "),
            let time = Self.secondOfDay(&scanner), scanner.skip(" GMT"), scanner.isAtEnd
        else { return nil }
        return Self.seconds(CivilDate(year: year, month: month, day: day), time, weekday)
    }

    /// `06-Nov-94 08:49:37 GMT`, after the day's name.
    ///
    /// A year that seems more than 50 years ahead is the most recent one in the past with the same last two digits.
    private static func rfc850(_ scanner: inout DateScanner, _ weekday: Int, _ now: Int) -> Int? {
        guard let day = scanner.number(digits: 2), scanner.skip("-"),
            let month = Self.month(&scanner), scanner.skip("-"),
            let twoDigits = scanner.number(digits: 2), scanner.skip(" "),
            let time = Self.secondOfDay(&scanner), scanner.skip(" GMT"), scanner.isAtEnd
        else { return nil }
        let today = CivilDate(daysSince1970: Self.floorDivide(now, by: Self.secondsOfDay))
        var year = today.year / 100 * 100 + twoDigits
        if year > today.year + 50 { year -= 100 }
        if year <= today.year - 50 { year += 100 }
        let date = CivilDate(year: year, month: month, day: day)
        let limit = CivilDate(year: today.year + 50, month: today.month, day: today.day)
        let isBeyond = date.daysSince1970 > limit.daysSince1970
        return Self.seconds(isBeyond ? CivilDate(year: year - 100, month: month, day: day) : date, time, weekday)
    }

    /// ` Nov  6 08:49:37 1994`, after the day's name; the day has two digits, or a space and one.
    private static func asctime(_ scanner: inout DateScanner, _ weekday: Int) -> Int? {
        guard scanner.skip(" "), let month = Self.month(&scanner), scanner.skip(" "),
            let day = scanner.skip(" ") ? scanner.number(digits: 1) : scanner.number(digits: 2), scanner.skip(" "),
            let time = Self.secondOfDay(&scanner), scanner.skip(" "),
            let year = scanner.number(digits: 4), scanner.isAtEnd
        else { return nil }
        return Self.seconds(CivilDate(year: year, month: month, day: day), time, weekday)
    }

    private static func month(_ scanner: inout DateScanner) -> Int? {
        guard let name = scanner.letters(), let index = Self.monthNames.firstIndex(of: name) else { return nil }
        return index + 1
    }

    /// Seconds since midnight. Second 60 is in the grammar, for leap seconds; it counts as the next minute's first.
    private static func secondOfDay(_ scanner: inout DateScanner) -> Int? {
        guard let hour = scanner.number(digits: 2), hour < 24, scanner.skip(":"),
            let minute = scanner.number(digits: 2), minute < 60, scanner.skip(":"),
            let second = scanner.number(digits: 2), second <= 60
        else { return nil }
        return hour * 3600 + minute * 60 + second
    }

    private static func seconds(_ date: CivilDate, _ time: Int, _ weekday: Int) -> Int? {
        let days = date.daysSince1970
        guard date.exists, Self.weekday(days) == weekday else { return nil }
        return days * Self.secondsOfDay + time
    }

    /// 0 is Sunday; 1970-01-01 was a Thursday.
    private static func weekday(_ days: Int) -> Int { ((days + 4) % 7 + 7) % 7 }

    private static func twoDigits(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

    static func floorDivide(_ number: Int, by divisor: Int) -> Int {
        number >= 0 ? number / divisor : -((-number + divisor - 1) / divisor)
    }
}

/// A day of the proleptic Gregorian calendar, by Howard Hinnant's `days_from_civil`: years begin in March, so that the
/// leap day is the last, and 400 years (an era) always have 146 097 days.
struct CivilDate {
    let year: Int
    let month: Int
    let day: Int

    private static let daysOfEra: Int = 146_097
    /// From 0000-03-01 to 1970-01-01.
    private static let daysTo1970: Int = 719_468

    init(year: Int, month: Int, day: Int) {
        self.year = year
        self.month = month
        self.day = day
    }

    init(daysSince1970 days: Int) {
        let shifted = days + Self.daysTo1970
        let era = HTTPDates.floorDivide(shifted, by: Self.daysOfEra)
        let dayOfEra = shifted - era * Self.daysOfEra
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        self.day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        self.month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        self.year = yearOfEra + era * 400 + (self.month <= 2 ? 1 : 0)
    }

    var daysSince1970: Int {
        let year = self.month <= 2 ? self.year - 1 : self.year
        let era = HTTPDates.floorDivide(year, by: 400)
        let yearOfEra = year - era * 400
        let shiftedMonth = self.month > 2 ? self.month - 3 : self.month + 9
        let dayOfYear = (153 * shiftedMonth + 2) / 5 + self.day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * Self.daysOfEra + dayOfEra - Self.daysTo1970
    }

    /// Whether the month has that day.
    var exists: Bool {
        guard (1...12).contains(self.month), self.day >= 1 else { return false }
        let isLeap = self.year % 4 == 0 && (self.year % 100 != 0 || self.year % 400 == 0)
        let days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        return self.day <= days[self.month - 1]
    }
}

/// Takes a date's text apart from left to right.
struct DateScanner {
    private var rest: Substring.UTF8View

    init(_ text: String) { self.rest = text[...].utf8 }

    var isAtEnd: Bool { self.rest.isEmpty }

    /// One or more ASCII letters.
    mutating func letters() -> String? {
        let word = self.rest.prefix { (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) }
        self.rest = self.rest.dropFirst(word.count)
        return word.isEmpty ? nil : String(word)
    }

    /// Exactly so many ASCII digits.
    mutating func number(digits: Int) -> Int? {
        let word = self.rest.prefix(digits)
        guard word.count == digits, word.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        self.rest = self.rest.dropFirst(digits)
        return word.reduce(0) { $0 * 10 + Int($1 - 0x30) }
    }

    /// Goes past `text` if it comes next.
    mutating func skip(_ text: String) -> Bool {
        guard self.rest.starts(with: text.utf8) else { return false }
        self.rest = self.rest.dropFirst(text.utf8.count)
        return true
    }
}
