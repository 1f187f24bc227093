"""Tokens of outside providers: Keycloak's default shape passes, and nothing that merely resembles it."""

import hmac
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc import jwe
from joserfc.jwk import ECKey, RSAKey

from access.epoch import LOOK_AGAIN
from access.errors import TokenExpired, TokenInvalid, TokenRevoked
from access.external import ExternalTokens
from access.links import Identity, LinkStore, Meant
from access.principal import Principal
from access.provider import Mapped, MappedRoles, Provider
from access.roles import Role
from access.token import Verifier
from catalog.ids import ClientId
from tests.access.conftest import ADDRESS, APP, AUDIENCE, PERSON, SHAPINGBA, Access
from tests.access.keycloak import Keycloak, keycloak, later, new_key
from tests.access.test_token import decoded, encoded

PORTAL, SUBJECT = "city-portal", "1f4db6ad-5e75-479c-b289-b8096ec1f4f4"
FLOOD = "flood-app"


@dataclass
class Outside:
    """A hub that believes one Keycloak: li-ming is linked by subject, APP by the application's id."""

    access: Access
    keycloak: Keycloak
    links: LinkStore
    verifier: Verifier

    def declared(self, **changes: object) -> Verifier:
        """A verifier with another declaration of the same provider."""
        provider = Provider.model_validate(
            {
                "issuer": self.keycloak.issuer,
                "shape": "keycloak",
                "audience": "account",
                "clients": {PORTAL},
                **changes,
            }
        )
        access = self.access
        external = ExternalTokens([provider], self.links, access.clock)
        return Verifier(ADDRESS, AUDIENCE, access.keys, access.clients, access.clock, external)

    def token(self, **changes: object) -> str:
        return self.keycloak.token(self.access.clock.now(), **changes)

    def service_token(self, client: str = FLOOD, **changes: object) -> str:
        return self.keycloak.service_token(self.access.clock.now(), client, **changes)

    def signed(self, header: dict[str, object], key: RSAKey | ECKey | None = None) -> str:
        return self.keycloak.signed(self.keycloak.claims(self.access.clock.now()), header, key)

    def subject(self, name: str = SUBJECT) -> Identity:
        return Identity(self.keycloak.issuer, Meant.SUBJECT, name)

    def application(self, name: str = FLOOD) -> Identity:
        return Identity(self.keycloak.issuer, Meant.APPLICATION, name)


@pytest.fixture
def outside(access: Access) -> Iterator[Outside]:
    access.person()
    links = LinkStore(access.clients, access.clock)
    with keycloak() as running:
        found = Outside(access, running, links, access.verifier)
        links.link(found.subject(), PERSON)
        links.link(found.application(), APP)
        found.verifier = found.declared()
        yield found


def refused(verify: Callable[[str], Principal], token: str) -> None:
    with pytest.raises(TokenInvalid) as told:
        verify(token)
    assert told.value.details == {}


def test_keycloaks_default_token_of_a_person_means_the_linked_client(outside: Outside) -> None:
    principal = outside.verifier.verify(outside.token())
    assert (principal.client, principal.organisation) == (PERSON, SHAPINGBA)
    assert principal.roles == {Role.STEWARD}
    assert principal.expires == outside.access.clock.now() + timedelta(minutes=5)
    assert principal.token_id.startswith(outside.keycloak.issuer)


def test_keycloaks_default_token_of_a_service_account_means_the_linked_application(
    outside: Outside,
) -> None:
    assert outside.verifier.verify(outside.service_token()).client == APP


def test_a_service_account_may_be_linked_by_its_subject_too(outside: Outside) -> None:
    outside.links.link(outside.subject("sub-of-another-app"), APP)
    assert outside.verifier.verify(outside.service_token("another-app")).client == APP


def test_a_token_of_the_rfc_passes_under_its_own_shape(outside: Outside) -> None:
    verifier = outside.declared(shape="rfc9068", audience=AUDIENCE)
    claims = outside.keycloak.claims(outside.access.clock.now())
    wanted = claims | {"aud": AUDIENCE, "client_id": FLOOD, "sub": FLOOD, "typ": None, "azp": None}
    token = outside.keycloak.signed(wanted, {"typ": "at+jwt"})
    assert verifier.verify(token).client == APP
    refused(verifier.verify, outside.token(aud=AUDIENCE))
    refused(outside.verifier.verify, outside.keycloak.signed(wanted, {"typ": "at+jwt"}))


def test_the_hubs_own_tokens_hold_beside(outside: Outside) -> None:
    assert outside.verifier.verify(outside.access.token()).client == APP


def test_without_a_link_nobody_gets_in(outside: Outside) -> None:
    refused(outside.verifier.verify, outside.token(sub="somebody-else"))
    refused(outside.verifier.verify, outside.service_token("unknown-app"))


def test_a_person_who_came_through_another_application_does_not_get_in(outside: Outside) -> None:
    """`aud: account` is in every token of a realm: any application there could pass one on."""
    refused(outside.verifier.verify, outside.token(azp="some-other-app"))
    refused(outside.declared(clients=set()).verify, outside.token())


def test_a_person_who_logged_in_through_a_linked_application_is_not_the_application(
    outside: Outside,
) -> None:
    refused(outside.verifier.verify, outside.token(azp=FLOOD))
    refused(outside.declared(clients={FLOOD}).verify, outside.token(azp=FLOOD, sub="unlinked"))


def test_a_person_is_never_a_service_account(outside: Outside) -> None:
    """Whatever claims a mapper of the realm adds to people's tokens."""
    refused(outside.verifier.verify, outside.token(azp=FLOOD, client_id=FLOOD))


def test_roles_in_a_token_give_nothing_by_themselves(outside: Outside) -> None:
    token = outside.token(roles=["operator"], realm_access={"roles": ["operator", "auditor"]})
    assert outside.verifier.verify(token).roles == {Role.STEWARD}


def test_mapped_roles_narrow_what_the_registry_gives_and_never_widen_it(outside: Outside) -> None:
    mapped = MappedRoles.model_validate(
        {"claim": "realm_access.roles", "map": {"hub-steward": "steward", "root": "operator"}}
    )
    verify = outside.declared(roles=mapped).verify
    assert verify(outside.token()).roles == {Role.STEWARD}
    for given in (["root"], [], ["HUB-STEWARD"], "x", None, [1], {"hub-steward": 1}):
        assert verify(outside.token(realm_access={"roles": given})).roles == frozenset()
    assert verify(outside.token(realm_access=["hub-steward"])).roles == frozenset()


def test_a_mapped_organisation_must_be_the_clients(outside: Outside) -> None:
    mapped = Mapped(claim="department", map={"沙坪坝": SHAPINGBA, "水利局": "cq_water"})
    verify = outside.declared(organisation=mapped).verify
    assert verify(outside.token(department="沙坪坝")).organisation == SHAPINGBA
    for given in ("水利局", "nowhere", None, ["沙坪坝"]):
        refused(verify, outside.token(department=given))


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://elsewhere.example/realms/city"},
        {"iss": None},
        {"iss": ["x"]},
        {"aud": "another"},
        {"aud": []},
        {"aud": None},
        {"aud": {"account": 1}},
        {"azp": None},
        {"azp": [PORTAL]},
        {"sub": None},
        {"sub": ""},
        {"sub": [SUBJECT]},
        {"sub": f"{SUBJECT}\x00"},
        {"sub": "\ud800"},
        {"azp": "\ud800", "client_id": "\ud800"},
        {"typ": None},
        {"typ": "ID"},
        {"typ": "Refresh"},
        {"typ": "Offline"},
        {"typ": "Logout"},
        {"typ": ["Bearer"]},
        {"exp": None},
        {"exp": "never"},
        {"exp": True},
        {"exp": 1e300},
        {"iat": None},
        {"iat": 4_000_000_000},
        {"nbf": 4_000_000_000},
    ],
    ids=repr,
)
def test_a_well_signed_token_with_a_wrong_claim_is_refused(
    outside: Outside, changes: dict[str, object]
) -> None:
    refused(outside.verifier.verify, outside.token(**changes))


@pytest.mark.parametrize("given", [None, "", "\ud800", "编号"], ids=repr)
def test_a_token_without_a_plain_id_has_one_all_the_same(outside: Outside, given: object) -> None:
    token_id = outside.verifier.verify(outside.token(jti=given)).token_id
    assert token_id.isascii()
    assert token_id.startswith(f"{outside.keycloak.issuer}#")


def test_an_id_token_is_no_access_token(outside: Outside) -> None:
    now = outside.access.clock.now()
    refused(outside.verifier.verify, outside.keycloak.id_token(now))
    refused(outside.verifier.verify, outside.keycloak.id_token(now, aud="account"))
    refused(outside.declared(audience=PORTAL).verify, outside.keycloak.id_token(now))


def test_the_issuers_name_must_be_exact(outside: Outside) -> None:
    issuer = outside.keycloak.issuer
    for other in (issuer + "/", issuer.upper(), issuer.replace("127.0.0.1", "localhost")):
        refused(outside.verifier.verify, outside.token(iss=other))


def test_thirty_seconds_of_leeway_and_not_more(outside: Outside) -> None:
    now = outside.access.clock.now()
    outside.verifier.verify(outside.token(iat=later(now, seconds=30), nbf=later(now, seconds=30)))
    refused(outside.verifier.verify, outside.token(iat=later(now, seconds=31)))
    refused(outside.verifier.verify, outside.token(nbf=later(now, seconds=31)))
    token, unseen = outside.token(), outside.token(jti="unseen")
    outside.verifier.verify(token)
    outside.access.clock.advance(timedelta(minutes=5, seconds=29))
    outside.verifier.verify(token)
    outside.access.clock.advance(timedelta(seconds=1))
    for ended in (token, unseen):
        with pytest.raises(TokenExpired):
            outside.verifier.verify(ended)


def test_an_expired_forgery_is_not_told_that_it_expired(outside: Outside) -> None:
    token = outside.token(exp=1)
    refused(outside.verifier.verify, token[:-8] + "AAAAAAAA")
    strange = outside.keycloak.signed(
        outside.keycloak.claims(outside.access.clock.now()) | {"exp": 1}, key=new_key()
    )
    refused(outside.verifier.verify, strange)


def test_an_unsigned_token_is_refused(outside: Outside) -> None:
    _, body, signature = outside.token().split(".")
    for algorithm in ("none", "None", "NONE", ""):
        header = encoded(
            json.dumps({"alg": algorithm, "typ": "JWT", "kid": outside.keycloak.signing.kid})
        )
        for rest in ("", signature):
            refused(outside.verifier.verify, f"{header}.{body}.{rest}")


def test_the_public_key_is_not_taken_for_a_shared_secret(outside: Outside) -> None:
    key = outside.keycloak.signing
    _, body, _ = outside.token().split(".")
    header = encoded(json.dumps({"alg": "HS256", "typ": "JWT", "kid": key.kid}))
    public = json.dumps(key.as_dict(private=False)).encode()
    for material in (key.as_pem(private=False), public):
        forged = hmac.digest(material, f"{header}.{body}".encode(), "sha256")
        refused(outside.verifier.verify, f"{header}.{body}.{encoded(forged)}")


@pytest.mark.parametrize("algorithm", ["RS384", "RS512", "PS384"])
def test_an_algorithm_that_is_not_declared_is_refused(outside: Outside, algorithm: str) -> None:
    key = RSAKey.import_key(outside.keycloak.signing.as_dict(private=True) | {"alg": algorithm})
    refused(outside.verifier.verify, outside.signed({"alg": algorithm}, key))


def test_a_key_is_used_for_its_own_algorithm_only(outside: Outside) -> None:
    """PS256 is declared, but the key says RS256."""
    bare = {n: v for n, v in outside.keycloak.signing.as_dict(private=True).items() if n != "alg"}
    refused(outside.verifier.verify, outside.signed({"alg": "PS256"}, RSAKey.import_key(bare)))


def test_a_strange_key_under_a_known_id_is_refused(outside: Outside) -> None:
    known = outside.keycloak.signing
    strange = RSAKey.generate_key(2048, {"kid": str(known.kid), "alg": "RS256", "use": "sig"})
    refused(outside.verifier.verify, outside.signed({}, strange))


def test_keys_that_the_token_brings_along_are_not_used(outside: Outside) -> None:
    strange = new_key()
    brought: list[dict[str, object]] = [
        {"jwk": strange.as_dict(private=False)},
        {"jku": "http://127.0.0.1:1/keys"},
        {"x5u": "http://127.0.0.1:1/cert"},
    ]
    for header in brought:
        refused(outside.verifier.verify, outside.signed(header, strange))


def test_a_token_of_one_provider_signed_by_another_is_refused(outside: Outside) -> None:
    with keycloak() as other:
        other.rotate()
        providers = [
            Provider.model_validate(
                {
                    "issuer": one.issuer,
                    "shape": "keycloak",
                    "audience": "account",
                    "clients": [PORTAL],
                }
            )
            for one in (outside.keycloak, other)
        ]
        access = outside.access
        external = ExternalTokens(providers, outside.links, access.clock)
        verifier = Verifier(ADDRESS, AUDIENCE, access.keys, access.clients, access.clock, external)
        verifier.verify(outside.token())
        refused(verifier.verify, other.token(access.clock.now(), iss=outside.keycloak.issuer))
        refused(verifier.verify, other.token(access.clock.now()))  # its subject is not linked


def test_a_provider_cannot_sign_for_the_hub_itself(outside: Outside) -> None:
    own = decoded(outside.access.token().split(".")[1])
    for header in ({"typ": "at+jwt"}, {"typ": "JWT"}):
        refused(outside.verifier.verify, outside.keycloak.signed(own, dict(header)))


def test_an_encrypted_token_and_a_token_in_a_token_are_refused(outside: Outside) -> None:
    inner = outside.token()
    secret = RSAKey.import_key(
        {n: v for n, v in outside.keycloak.signing.as_dict(private=False).items() if n in "kty n e"}
    )
    header = {"alg": "RSA-OAEP", "enc": "A128GCM", "cty": "JWT"}
    refused(outside.verifier.verify, jwe.encrypt_compact(header, inner.encode(), secret))
    refused(outside.verifier.verify, outside.signed({"cty": "JWT"}))


@pytest.mark.parametrize(
    "header",
    [{"crit": ["exp"], "exp": 1}, {"b64": False, "crit": ["b64"]}, {"typ": "at+jwt+x"}, {"typ": 1}],
    ids=str,
)
def test_an_unusual_header_is_refused(outside: Outside, header: dict[str, object]) -> None:
    key = outside.keycloak.signing
    head = {"alg": "RS256", "typ": "JWT", "kid": key.kid} | header
    body = outside.token().split(".")[1]
    refused(outside.verifier.verify, resigned(key, json.dumps(head), body))


@pytest.mark.parametrize(
    ("inside", "addition"),
    [
        (False, '"sub": "another"'),
        (False, '"aud": "account"'),
        (False, '"extra": {"a": 1, "a": 2}'),
        (True, '"alg": "RS256"'),
        (False, '"extra": NaN'),
        (False, '"extra": ' + "[" * 5000),
    ],
    ids=["claim", "same", "nested", "header", "nan", "deep"],
)
def test_what_two_readers_would_read_differently_is_refused(
    outside: Outside, inside: bool, addition: str
) -> None:
    """Well signed, with a name that stands twice or with what is no JSON."""
    key = outside.keycloak.signing
    claims = json.dumps(outside.keycloak.claims(outside.access.clock.now()))
    header = json.dumps({"alg": "RS256", "typ": "JWT", "kid": key.kid})
    if inside:
        header = header[:-1] + f", {addition}}}"
    else:
        claims = claims[:-1] + f", {addition}}}"
    refused(outside.verifier.verify, resigned(key, header, encoded(claims)))


def test_a_huge_token_is_refused_before_it_is_read(outside: Outside) -> None:
    outside.verifier.verify(outside.token(padding="x" * 8000))
    refused(outside.verifier.verify, outside.token(padding="x" * 20_000))
    refused(outside.verifier.verify, "x" * 10_000_000)


def test_a_revoked_client_and_an_unlinked_identity_end_remembered_tokens_at_once(
    outside: Outside,
) -> None:
    token, service = outside.token(), outside.service_token()
    for seen in (token, service):
        outside.verifier.verify(seen)
        assert outside.verifier.recall(seen) is not None
    outside.links.unlink(outside.subject())
    assert outside.verifier.recall(token) is None
    refused(outside.verifier.verify, token)
    assert outside.verifier.verify(service).client == APP
    outside.access.clients.revoke_client(APP)
    with pytest.raises(TokenRevoked):
        outside.verifier.verify(service)


def test_a_link_made_elsewhere_counts_within_a_second(outside: Outside) -> None:
    token = outside.token(sub="new-here")
    refused(outside.verifier.verify, token)
    outside.links.link(outside.subject("new-here"), PERSON)
    assert outside.verifier.verify(token).client == PERSON


def test_a_verified_token_is_recalled_without_its_provider(outside: Outside) -> None:
    token = outside.token()
    principal = outside.verifier.verify(token)
    asked = len(outside.keycloak.asked)
    outside.access.clock.advance(LOOK_AGAIN)
    assert outside.verifier.verify(token) is principal
    assert len(outside.keycloak.asked) == asked


def test_a_withdrawn_key_ends_what_it_verified(outside: Outside) -> None:
    old = outside.token()
    outside.verifier.verify(old)
    epoch = outside.verifier.epoch()
    outside.keycloak.rotate()
    outside.access.clock.advance(timedelta(seconds=10))
    assert outside.verifier.verify(outside.token()).client == PERSON
    assert outside.verifier.epoch() > epoch
    refused(outside.verifier.verify, old)


def test_many_first_callers_at_once_are_all_served(outside: Outside) -> None:
    """As many as may wait for the first fetch, and the one who makes it."""
    outside.keycloak.hold.clear()
    found: list[ClientId] = []
    tokens = [outside.token(jti=str(number)) for number in range(5)]
    threads = [
        threading.Thread(target=lambda t=token: found.append(outside.verifier.verify(t).client))
        for token in tokens
    ]
    for thread in threads:
        thread.start()
    outside.keycloak.hold.set()
    for thread in threads:
        thread.join()
    assert found == [PERSON] * 5
    assert len(outside.keycloak.asked) == 2  # the discovery and the keys


def resigned(key: RSAKey, header: str, body: str) -> str:
    """Any header and body under a true signature."""
    signed = f"{encoded(header)}.{body}"
    signature = key.private_key.sign(signed.encode(), PKCS1v15(), SHA256())  # type: ignore[union-attr]
    return f"{signed}.{encoded(signature)}"
