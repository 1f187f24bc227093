"""The identifiers of the domain, each its own type, so that one is never handed in for another."""

from typing import NewType

ClientId = NewType("ClientId", str)
OrganisationCode = NewType("OrganisationCode", str)
DatasetCode = NewType("DatasetCode", str)
"""ASCII snake_case, also the table's name: `river_station`."""
DomainCode = NewType("DomainCode", str)
PlaceCode = NewType("PlaceCode", str)
"""6 digits city or district, 9 township, 12 village, 15 grid: `500106004`."""
IndicatorCode = NewType("IndicatorCode", str)
"""统一编码, ASCII letters, digits and _: `IN21`."""
RequestId = NewType("RequestId", str)
GrantId = NewType("GrantId", str)
LoadId = NewType("LoadId", str)
SourceId = NewType("SourceId", str)
RuleId = NewType("RuleId", str)
JobId = NewType("JobId", str)
Seq = NewType("Seq", int)
"""The warehouse's one version number: each publication takes the next."""
