"""A directory as large as a real city's: 4,683 data sets with columns, keys, rules and relations.

Rules: always the same for a number; departments of ten to sixty data sets, whose first is the register
that the others point to, and every register points to the places' one; names are those that a directory
has (`d017_s03`), with Chinese labels; every eighth set has a masked column, every fifth a place.
"""

from hashlib import sha256
from pathlib import Path

from catalog.declaration import read_document
from catalog.domain import Domain
from catalog.ids import DatasetCode, DomainCode
from catalog.odcs import contract_in

DATA_SETS = 4_683
PER_DEPARTMENT = 33
PROVIDERS = (("cq_shapingba", 200), ("cq_bigdata", 1_150), ("cq_water", 10**9))
"""Who provides the sets up to a number."""
HEAD = """apiVersion: v3.1.0
kind: DataContract
id: scale.{code}
name: {title}
version: {version}
status: active
domain: {domain}
customProperties:
  - {{property: provider, value: {provider}}}
  - {{property: level, value: municipal}}
  - {{property: titleEn, value: Data set {number}}}
  - {{property: sharingKind, value: conditional}}
  - {{property: sharingMode, value: 接口}}
  - {{property: format, value: 数据库表}}
  - {{property: updateFrequency, value: 每日}}
  - {{property: conditionsOfUse, value: 依申请共享}}
  - {{property: classification, value: general}}
  - {{property: publishMode, value: snapshot}}
  - {{property: placeColumn, value: {place}}}
schema:
  - name: {code}
    businessName: {title}
    description: 目录第 {number} 项，供规模测试。
    physicalType: table
"""
RELATIONSHIP = """    relationships:
      - from: {code}.{column}
        to: {target}.code
        customProperties:
          - {{property: name, value: {name}}}
          - {{property: inverse, value: {inverse}}}
"""
RULES = """    quality:
      - id: {code}_rows
        description: 不为空。
        type: custom
        engine: greatExpectations
        dimension: coverage
        severity: critical
        implementation: {{type: expect_table_row_count_to_be_between, kwargs: {{min_value: 1, max_value: 1000000}}}}
"""
KEY = """    properties:
      - {name: code, businessName: 编码, physicalName: 编码, logicalType: string, primaryKey: true, primaryKeyPosition: 1, required: true}
      - {name: parent_code, businessName: 上级编码, physicalName: 上级编码, logicalType: string}
"""
COLUMNS = (
    "      - {{name: name_{n}, businessName: 名称{n}, physicalName: 名称{n}, description: 第{n}项, logicalType: string}}\n",
    '      - {{name: amount_{n}, businessName: 数量{n}, physicalName: 数量{n}, logicalType: number, physicalType: "decimal(12,2)", customProperties: [{{property: unit, value: 件}}]}}\n',
    "      - {{name: counted_{n}, businessName: 计数{n}, physicalName: 计数{n}, logicalType: integer}}\n",
    "      - {{name: observed_at_{n}, businessName: 时间{n}, physicalName: 时间{n}, logicalType: timestamp}}\n",
    "      - {{name: valid_{n}, businessName: 有效{n}, physicalName: 有效{n}, logicalType: boolean}}\n",
    "      - {{name: day_{n}, businessName: 日期{n}, physicalName: 日期{n}, logicalType: date}}\n",
)  # fmt: skip
PLACE = "      - {name: place_code, businessName: 区划, physicalName: 区划, logicalType: string, customProperties: [{property: place, value: true}]}\n"
PHONE = "      - {name: phone, businessName: 电话, physicalName: 电话, logicalType: string, classification: important}\n"


def code_of(number: int) -> DatasetCode:
    department, place = divmod(number, PER_DEPARTMENT)
    return DatasetCode(f"d{department:03d}_s{place:02d}")


def provider_of(number: int) -> str:
    """An application of the provider reads its own data: a small scope, a large one, and most of it."""
    return next(name for name, end in PROVIDERS if number < end)


def contract_text(
    number: int, *, version: str = "1.0.0", more: str = "", domain: str = "scale"
) -> str:
    """The ODCS file of one set; `more` adds lines of columns."""
    code, placed = code_of(number), number % 5 == 0
    register = number % PER_DEPARTMENT == 0
    head = HEAD.format(
        code=code,
        number=number,
        title=f"目录项{number}",
        version=version,
        domain=domain,
        provider=provider_of(number),
        place="place_code" if placed else "none",
    )
    relationship = ""
    if number:
        relationship = RELATIONSHIP.format(
            code=code,
            column="parent_code",
            target=code_of(0) if register else code_of(number - number % PER_DEPARTMENT),
            name="parent",
            inverse=f"{code}_rows",
        )
    columns = "".join(COLUMNS[n % len(COLUMNS)].format(n=n) for n in range(8 + number % 9))
    extra = (PLACE if placed else "") + (PHONE if number % 8 == 0 else "")
    return head + relationship + RULES.format(code=code) + KEY + columns + extra + more


def write_domain(folder: Path, count: int = DATA_SETS) -> None:
    """As a domain folder of a city."""
    (folder / "contracts").mkdir(parents=True)
    (folder / "domain.yaml").write_text("code: scale\ntitle: 规模\ntitle_en: Scale\n", "utf-8")
    for number in range(count):
        file = folder / "contracts" / f"{code_of(number)}.odcs.yaml"
        file.write_text(contract_text(number), "utf-8")


def unchecked_domain(folder: Path) -> Domain:
    """The written domain, read without the standard's schema, which takes a minute for all of it."""
    contracts, texts, files = [], {}, {}
    for file in sorted((folder / "contracts").glob("*.odcs.yaml")):
        document = read_document(file)
        contract = contract_in(document, sha256(document.text.encode()).hexdigest())
        contracts.append(contract)
        texts[contract.data_set], files[contract.data_set] = document.text, file
    return Domain(
        code=DomainCode("scale"),
        title="规模",
        title_en="Scale",
        contracts=tuple(contracts),
        contract_texts=texts,
        sources=(),
        derivations=(),
        contract_files=files,
    )
