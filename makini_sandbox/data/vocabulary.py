"""List the words that the generated rows are made of."""

from __future__ import annotations

UNITS = (
    ("Each", "EA"),
    ("Box", "BX"),
    ("Metre", "M"),
    ("Millimetre", "MM"),
    ("Litre", "L"),
    ("Kilogram", "KG"),
    ("Tonne", "T"),
    ("Hour", "H"),
    ("Minute", "MIN"),
    ("Set", "SET"),
    ("Pair", "PR"),
    ("Square metre", "M2"),
)
CURRENCIES = (
    ("Euro", "EUR"),
    ("US dollar", "USD"),
    ("Pound sterling", "GBP"),
    ("Swiss franc", "CHF"),
    ("Yen", "JPY"),
    ("Polish zloty", "PLN"),
    ("Canadian dollar", "CAD"),
    ("Swedish krona", "SEK"),
)
TAXES = (
    ("Standard rate", "vat", "20.00"),
    ("Reduced rate", "vat", "10.00"),
    ("Super-reduced rate", "vat", "5.50"),
    ("Zero rate", "vat", "0.00"),
    ("State sales tax", "sales", "7.25"),
    ("County sales tax", "sales", "1.125"),
)
STATUSES = (
    ("Draft", "DRAFT"),
    ("Open", "OPEN"),
    ("In progress", "INPRG"),
    ("On hold", "HOLD"),
    ("Completed", "COMP"),
    ("Cancelled", "CANC"),
)
CUSTOM_FIELDS = ("x_plantCode", "riskScore", "lockoutRequired", "permit", "costCentres")
PEOPLE = ("Ada Moreau", "Jonas Weber", "Mei Tanaka", "Luis Ortega", "Zoë Núñez", "Priya Nair")
CITIES = ("Lyon", "Gdańsk", "Malmö", "Porto", "Leeds", "Austin", "Osaka", "Québec")
THINGS = (
    "centrifugal pump",
    "belt conveyor",
    "air compressor",
    "gearbox",
    "heat exchanger",
    "hydraulic press",
    "roller bearing",
    "pressure valve",
)
TASKS = ("Inspect", "Replace", "Lubricate", "Calibrate", "Overhaul", "Clean", "Align")
SENTENCES = (
    "Isolate the power before work begins.",
    "Seen during the night shift; vibration above the limit.",
    "Part ordered, delivery expected next week.",
    'Label reads "do not start" — ask the shift lead.',
    "Checked by the operator, no leak found.\nSecond look in a month.",
)
CHOICES = {
    "severity": ("low", "medium", "high", "critical"),
    "criticality": ("A", "B", "C"),
    "priority": ("1", "2", "3", "4"),
    "categoryName": ("Mechanical", "Electrical", "Hydraulic", "Safety", "Building"),
    "categoryCode": ("MECH", "ELEC", "HYDR", "SAFE", "BLDG"),
    "roleName": ("Technician", "Planner", "Supervisor", "Storekeeper", "Buyer"),
    "position": ("Maintenance lead", "Buyer", "Storekeeper"),
    "shippingMethod": ("Road", "Air", "Sea", "Courier", "Pick-up"),
    "carrierName": ("DHL", "UPS", "Kuehne+Nagel", "FedEx"),
    "terms": ("Net 30", "Net 60", "On delivery"),
    "country": ("FR", "PL", "SE", "PT", "GB", "US", "JP", "CA"),
    "state": ("Rhône", "Pomerania", "Texas"),
    "city": CITIES,
    "manufacturerName": ("SKF", "Grundfos", "Siemens", "Atlas Copco"),
    "makeName": ("SKF", "Grundfos", "Siemens", "Atlas Copco"),
    "contentType": ("application/pdf", "image/jpeg", "image/png"),
    "reason": ("count", "damage", "found", "expired"),
    "type": ("standard", "internal", "external"),
    "interval": ("7", "30", "90", "365"),
    "condition": ("reading > 500", "reading < 10"),
    "trigger": ("time", "meter", "event"),
    "lifecycle": ("active", "phased out", "blocked"),
    "bomType": ("engineering", "manufacturing"),
    "adjustmentType": ("increase", "decrease", "recount"),
    "person": PEOPLE,
    "firstName": ("Ada", "Jonas", "Mei", "Luis", "Zoë"),
    "middleName": ("M.", "von", "de la"),
    "lastName": ("Moreau", "Weber", "Tanaka", "Ortega", "Núñez"),
}
