"""A small interface for tests: one document with three operations, and its contract."""

from pathlib import Path

from catalog.contracts import Contract
from catalog.interfaces.declaration import DIVIDER, read_interface

OPENAPI = """
openapi: 3.0.3
info: {title: t, version: "1"}
paths:
  /v1/lots/{lot}:
    get:
      operationId: getLot
      parameters:
        - {name: lot, in: path, required: true, description: 停车场编号, schema: {type: string, maxLength: 40}}
        - {name: floor, in: query, description: 楼层, schema: {type: integer, minimum: 0, maximum: 9}}
        - {name: X-Trace, in: header, schema: {type: string}}
      responses:
        "200": {content: {application/json: {schema: {$ref: "#/components/schemas/Lot"}}}}
        "404": {description: none}
  /v1/lots:
    get:
      operationId: listLots
      parameters:
        - {name: area, in: query, required: true, description: 片区, schema: {type: string}}
      responses:
        "200":
          content:
            application/json:
              schema: {type: array, items: {$ref: "#/components/schemas/Lot"}}
    post:
      operationId: findLots
      requestBody:
        content:
          application/json:
            schema:
              type: object
              required: [words]
              properties:
                words: {type: string, title: 关键词}
                price: {type: number, format: decimal, title: 最高价}
      responses:
        "200":
          content:
            application/json:
              schema: {type: array, items: {$ref: "#/components/schemas/Lot"}}
components:
  schemas:
    Lot:
      type: object
      required: [code, free]
      properties:
        code: {type: string, title: 编号, pattern: "^[A-Z]-[0-9]+$"}
        free: {type: integer, format: int32, title: 空位}
        fee: {type: string, format: decimal, title: 费率}
        seen: {type: string, format: date-time, title: 时间, nullable: true}
        opened: {type: string, format: date, title: 启用日期}
        ratio: {type: number, title: 占用率}
        serial: {type: integer, title: 流水号}
        open: {type: boolean, title: 开放}
        owner:
          type: object
          title: 权属
          required: [name]
          properties:
            name: {type: string, title: 名称}
            phones: {type: array, title: 电话, items: {type: string}}
"""
OWN = """
interface: parking_lot
version: %(version)s
title: 停车场查询
title_en: Parking lots
domain: flood
provider: cq_water
level: municipal
operation: %(operation)s
credentials: secret://lots
sharing: {kind: conditional, conditions_of_use: 交通, classification: general}
%(terms)s
"""
UNHURRIED = "timeout_seconds: 30"
"""For whatever shall be answered: no stall of a busy machine reaches it."""
KEPT = "cache_seconds: 60\nbreaker: {failures: 3, open_seconds: 30}"
TERMS = f"{UNHURRIED}\n{KEPT}"
HURRIED = f"timeout_seconds: 1\n{KEPT}"
"""For a service that shall not answer in time, and for nothing else."""


def lookup_text(
    operation: str = "getLot", terms: str = TERMS, openapi: str = OPENAPI, version: str = "1.0.0"
) -> str:
    return OWN % {"operation": operation, "terms": terms, "version": version} + DIVIDER + openapi


def lookup(
    operation: str = "getLot", terms: str = TERMS, openapi: str = OPENAPI, name: str = "parking_lot"
) -> Contract:
    text = lookup_text(operation, terms, openapi).replace("parking_lot", name)
    return read_interface(Path(f"{name}.interface.yaml"), text)
