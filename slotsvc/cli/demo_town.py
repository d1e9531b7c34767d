"""The demo's company in Monaco and the Riviera around it. People and visits are invented.

Street names and positions: © OpenStreetMap contributors, Open Database License.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import time

ATTRIBUTION = "© OpenStreetMap contributors"
TENANT = "riviera"
TEAM = "monaco"
ZONE = "Europe/Monaco"
TAGS = ("aircon", "boiler", "electric")


@dataclass(frozen=True, slots=True)
class DemoSite:
    """A client's place on a street."""

    street: str
    town: str
    lat: float
    lon: float

    @property
    def id(self) -> str:
        """The street as an id: "Rue Biovès" is "rue-bioves"."""
        plain = unicodedata.normalize("NFKD", self.street).encode("ascii", "ignore").decode()
        return re.sub("[^a-z0-9]+", "-", plain.lower()).strip("-")

    @property
    def address(self) -> str:
        """Street and town."""
        return f"{self.street}, {self.town}"


@dataclass(frozen=True, slots=True)
class DemoTechnician:
    """Starts from and ends at home. ``weekdays``: Monday is 0. ``lunch``: 45 minutes from noon."""

    id: str
    name: str
    home: tuple[float, float]
    tags: tuple[str, ...]
    start: time = time(8)
    end: time = time(17)
    weekdays: tuple[int, ...] = (0, 1, 2, 3, 4)
    lunch: bool = True


@dataclass(frozen=True, slots=True)
class DemoActivity:
    """A kind of visit. ``share``: of the visits that fill the calendar."""

    id: str
    name: str
    minutes: int
    tags: tuple[str, ...]
    windows: tuple[tuple[time, time], ...]
    share: float


TWO_HOURS = ((time(8), time(10)), (time(10), time(12)), (time(13), time(15)), (time(15), time(17)))
HALF_DAYS = ((time(8), time(12)), (time(13), time(17)))

ACTIVITIES = (
    DemoActivity("boiler-service", "Boiler service", 60, ("boiler",), TWO_HOURS, 0.4),
    DemoActivity("repair", "Air conditioning repair", 90, ("aircon",), TWO_HOURS, 0.45),
    DemoActivity("inspection", "Electrical inspection", 30, ("electric",), HALF_DAYS, 0.15),
)

ALL = ("aircon", "boiler", "electric")
TECHNICIANS = (
    DemoTechnician("amina-benali", "Amina Benali", (43.73327, 7.41693), ("aircon", "boiler")),
    DemoTechnician("chiara-rossi", "Chiara Rossi", (43.74277, 7.41493), ALL),
    DemoTechnician("elena-conti", "Elena Conti", (43.73048, 7.41391), ("boiler", "electric")),
    DemoTechnician("giulia-ferrari", "Giulia Ferrari", (43.75009, 7.42796), ("aircon", "boiler")),
    DemoTechnician("hugo-bernard", "Hugo Bernard", (43.72346, 7.39352), ALL),
    DemoTechnician("karim-saidi", "Karim Saïdi", (43.71965, 7.37527), ("boiler", "electric")),
    DemoTechnician("luc-martin", "Luc Martin", (43.76477, 7.45263), ALL, time(7, 30), time(16, 30)),
    DemoTechnician("marco-bianchi", "Marco Bianchi", (43.74455, 7.4068), ("aircon", "electric")),
    # works mornings, never on Fridays
    DemoTechnician(
        "nadia-haddad", "Nadia Haddad", (43.75538, 7.44682), ("boiler", "electric"),
        time(8), time(12, 30), (0, 1, 2, 3), lunch=False,
    ),
    DemoTechnician("paul-fontaine", "Paul Fontaine", (43.73704, 7.39678), ("aircon", "boiler")),
    DemoTechnician("sophie-lambert", "Sophie Lambert", (43.75099, 7.41727), ALL, time(9), time(18)),
    DemoTechnician("thomas-giraud", "Thomas Giraud", (43.75384, 7.47339), ("aircon", "boiler")),
)  # fmt: skip
ABSENT = "paul-fontaine"
"""In training on the third day."""
HALF_DAY = "hugo-bernard"
"""Works only the morning of the fifth day."""

NEWCOMER = DemoSite("Rue Augustin Vento", "Les Monegetti", 43.7353, 7.41753)
"""A client nobody knows yet: not a registered site."""

SITES = (
    DemoSite("Avenue de l'Hermitage", "Monte-Carlo", 43.73807, 7.42535),
    DemoSite("Place de la Source", "Les Monegetti", 43.73955, 7.42024),
    DemoSite("Rue Imberty", "La Condamine", 43.73376, 7.42022),
    DemoSite("Avenue des Pins", "Monaco-Ville", 43.73161, 7.42562),
    DemoSite("Allées des Boulingrins", "Monte-Carlo", 43.74031, 7.42617),
    DemoSite("Rue Jules Ferry", "Monte-Carlo", 43.74337, 7.42511),
    DemoSite("Impasse des Carrières", "Les Monegetti", 43.73819, 7.41804),
    DemoSite("Avenue Albert II", "Fontvieille", 43.73041, 7.41735),
    DemoSite("Avenue des Papalins", "Fontvieille", 43.72733, 7.41992),
    DemoSite("Rue des Remparts", "Monaco-Ville", 43.73126, 7.42267),
    DemoSite("Avenue des Spélugues", "Monte-Carlo", 43.74021, 7.4296),
    DemoSite("Impasse du Stade", "Fontvieille", 43.72599, 7.41424),
    DemoSite("Chemin de la Batterie", "La Turbie", 43.74259, 7.40064),
    DemoSite("Rue Jean Bono", "Fontvieille", 43.72794, 7.41076),
    DemoSite("Rue Victor Hugo", "Les Monegetti", 43.7361, 7.4144),
    DemoSite("Avenue de Grande-Bretagne", "Monte-Carlo", 43.7432, 7.42882),
    DemoSite("Avenue de Saint-Romain", "La Rousse", 43.75118, 7.43612),
    DemoSite("Avenue de l'Annonciade", "La Rousse", 43.74706, 7.43117),
    DemoSite("Rue de la Crémaillère", "Monte-Carlo", 43.74344, 7.42199),
    DemoSite("Chemin du Buse", "Roquebrune-Cap-Martin", 43.7616, 7.459),
    DemoSite("Voie Romaine", "La Rousse", 43.7537, 7.43751),
    DemoSite("Allée François Sicardi", "Cap-d'Ail", 43.7239, 7.39868),
    DemoSite("Chemin de Grima", "Les Monegetti", 43.7411, 7.41275),
    DemoSite("Impasse Bellevue", "Roquebrune-Cap-Martin", 43.76739, 7.47646),
    DemoSite("Chemin de Fontvieille", "La Turbie", 43.74814, 7.40333),
    DemoSite(
        "Boulevard de la Turbie Supérieur",
        "Beausoleil",
        43.74586,
        7.41448,
    ),
    DemoSite("Chemin des Moulins", "La Turbie", 43.74717, 7.40684),
    DemoSite("Route des Serres", "La Rousse", 43.74758, 7.42815),
    DemoSite("Chemin de Fighièra", "Roquebrune-Cap-Martin", 43.75848, 7.44745),
    DemoSite("Route de la Vigie", "Larvotto", 43.75296, 7.4438),
    DemoSite("Rue de l'Industrie", "Fontvieille", 43.72807, 7.41417),
    DemoSite("Basse Corniche", "Cap-d'Ail", 43.72285, 7.37992),
    DemoSite("Chemin du Vallonet", "Roquebrune-Cap-Martin", 43.76458, 7.47626),
    DemoSite("Avenue Lamaro", "Èze", 43.72049, 7.35016),
    DemoSite("Avenue de la Pinède", "Roquebrune-Cap-Martin", 43.76585, 7.47965),
    DemoSite("Chemin Romain Supérieur", "Beausoleil", 43.75109, 7.42467),
    DemoSite("Rue Edward Tuck", "La Turbie", 43.74483, 7.40061),
    DemoSite(
        "Promenade de la 1ère DFL",
        "Roquebrune-Cap-Martin",
        43.76901,
        7.4636,
    ),
    DemoSite("Avenue Hugues Savorani", "Fontvieille", 43.72615, 7.40876),
    DemoSite("Avenue de Varavilla", "Larvotto", 43.75374, 7.44079),
    DemoSite("Boulevard du Maréchal Leclerc", "Èze", 43.73303, 7.35739),
    DemoSite("Avenue des Géraniums", "Roquebrune-Cap-Martin", 43.75967, 7.48036),
    DemoSite("Chemin de la Forna", "La Turbie", 43.74357, 7.39099),
    DemoSite("Avenue Albert Premier", "Roquebrune-Cap-Martin", 43.76241, 7.47298),
    DemoSite("Rue du Campanin", "Fontvieille", 43.72817, 7.41724),
    DemoSite("Route de la Tête de Chien", "La Turbie", 43.73749, 7.4001),
    DemoSite("Avenue Centrale", "Roquebrune-Cap-Martin", 43.75441, 7.47668),
    DemoSite("Chemin du Cannet", "Roquebrune-Cap-Martin", 43.76905, 7.4741),
    DemoSite("Rue Claude Debussy", "Roquebrune-Cap-Martin", 43.76295, 7.48276),
    DemoSite("Route de Menton", "La Turbie", 43.7506, 7.40539),
    DemoSite("Rue Albini", "Roquebrune-Cap-Martin", 43.76551, 7.48376),
    DemoSite("Avenue des Douaniers", "Cap-d'Ail", 43.71941, 7.40517),
    DemoSite("Chemin des Eucalyptus", "Cap-d'Ail", 43.72438, 7.40161),
    DemoSite("Avenue du Ramingao", "Roquebrune-Cap-Martin", 43.76029, 7.45069),
    DemoSite("Chemin des Pins", "Èze", 43.722, 7.3565),
    DemoSite(
        "Avenue Gabriel Hanotaux",
        "Roquebrune-Cap-Martin",
        43.7637,
        7.46234,
    ),
    DemoSite("Chemin du Gayan", "La Turbie", 43.75478, 7.40331),
    DemoSite("Avenue Georges Drin", "Roquebrune-Cap-Martin", 43.76126, 7.45559),
    DemoSite("Chemin du Cros", "Roquebrune-Cap-Martin", 43.76574, 7.46666),
    DemoSite("Impasse Bedoux", "Roquebrune-Cap-Martin", 43.75909, 7.47313),
)
