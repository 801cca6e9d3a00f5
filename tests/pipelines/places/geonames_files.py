"""Small files in GeoNames' format of postal codes."""


def line(country, code, city, admin1, latitude, longitude):
    return f"{country}\t{code}\t{city}\t\t{admin1}\t\t\t\t\t{latitude}\t{longitude}\t4\n"


def lines(text):
    """Return one line for each row of `country code city admin1 latitude longitude`; underscores are blanks."""
    return "".join(line(*(cell.replace("_", " ") for cell in row.split())) for row in text.strip().splitlines())
