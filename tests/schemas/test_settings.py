"""The settings of a machine: out of the environment, contradictions told, secrets kept."""

import pickle
from pathlib import Path

import pytest

from halflife.schemas.errors import SettingsError
from halflife.schemas.settings import Settings, settings_table, variable

SASL = {
    "HALFLIFE_BROKER": "kafka-1:9092,kafka-2:9092",
    "HALFLIFE_SECURITY_PROTOCOL": "SASL_SSL",
    "HALFLIFE_SASL_MECHANISM": "SCRAM-SHA-512",
    "HALFLIFE_SASL_USERNAME": "halflife",
    "HALFLIFE_SASL_PASSWORD": "hunter2",
}


def problems(environ):
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment(environ)
    return str(caught.value).splitlines()


def test_an_empty_environment_has_the_defaults():
    settings = Settings.from_environment({"PATH": "/bin", "HALFLIFE_BROKER": ""})
    assert settings == Settings()
    assert (settings.broker, settings.partitions, settings.replication) == (None, 4, 1)
    assert (settings.web_host, settings.web_port) == ("127.0.0.1", 8600)
    assert settings.data == Path(".halflife")
    assert settings.cache == Path.home() / ".cache/halflife"


def test_texts_become_values():
    settings = Settings.from_environment(
        {
            "HALFLIFE_WEB_PORT": "0",
            "HALFLIFE_SNAPSHOT_SECONDS": "0.5",
            "HALFLIFE_DATA": "~/lab",
            "HALFLIFE_BROKER": "[::1]:9092",
        }
    )
    assert (settings.web_port, settings.snapshot_seconds) == (0, 0.5)
    assert settings.data == Path.home() / "lab"


def test_secrets_are_masked_and_still_there():
    settings = Settings.from_environment(SASL)
    assert "hunter2" not in repr(settings) + str(settings) + settings.model_dump_json()
    password = settings.password()
    assert password is not None
    assert password.get_secret_value() == "hunter2"
    assert pickle.loads(pickle.dumps(settings)) == settings  # noqa: S301  # our own bytes


def test_a_password_can_stand_in_a_file(tmp_path):
    path = tmp_path / "password"
    environ = {**SASL, "HALFLIFE_SASL_PASSWORD_FILE": str(path)}
    del environ["HALFLIFE_SASL_PASSWORD"]
    settings = Settings.from_environment(environ)
    with pytest.raises(SettingsError, match=r"HALFLIFE_SASL_PASSWORD_FILE: .*cannot be read"):
        settings.password()
    path.write_text("\n")
    with pytest.raises(SettingsError, match="is empty"):
        settings.password()
    path.write_text("hunter3\n")
    password = settings.password()
    assert password is not None
    assert password.get_secret_value() == "hunter3"


PORT = "Allowed: a whole number of at least 0 and at most 65535"
BROKER = "Allowed: a text such as 'kafka-1:9092' or 'kafka-1:9092,kafka-2:9092'"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("WEB_PORT", "x", f"'x' is not allowed. {PORT}"),
        ("WEB_PORT", "70000", f"'70000' is not allowed. {PORT}"),
        ("BROKER", "http://kafka", f"'http://kafka' is not allowed. {BROKER}"),
        ("BROKER", "kafka-1", f"'kafka-1' is not allowed. {BROKER}"),
        ("POOL", "0", "'0' is not allowed. Allowed: a whole number of at least 1 and at most 256"),
        ("SNAPSHOT_SECONDS", "nan", "'nan' is not allowed. Allowed: a number above 0 and at most"),
        ("TOPIC_PREFIX", "Half_Life", "'Half_Life' is not allowed. Allowed: a text such as 'half"),
        ("SSL_CAFILE", "/ca.pem", "has no effect with HALFLIFE_SECURITY_PROTOCOL=PLAINTEXT"),
    ],
)
def test_a_wrong_value_is_told_with_what_is_allowed(name, value, said):
    (told,) = problems({f"HALFLIFE_{name}": value})
    assert told.startswith(f"HALFLIFE_{name}: {said}")


def test_an_unknown_variable_is_told_without_its_value():
    (told,) = problems({"HALFLIFE_SASL_PASSWROD": "hunter2"})
    assert told.startswith(
        "HALFLIFE_SASL_PASSWROD: unknown variable; did you mean 'HALFLIFE_SASL_PASSWORD'? Allowed: "
    )
    assert "hunter2" not in told


def test_what_does_not_fit_together_is_told_all_at_once():
    told = problems({"HALFLIFE_SECURITY_PROTOCOL": "SASL_SSL", "HALFLIFE_SSL_CERTFILE": "/c"})
    assert [line.partition(":")[0] for line in told] == [
        "HALFLIFE_BROKER",
        "HALFLIFE_SASL_MECHANISM",
        "HALFLIFE_SASL_PASSWORD",
        "HALFLIFE_SASL_USERNAME",
        "HALFLIFE_SSL_CERTFILE",
    ]
    assert "is due together with HALFLIFE_SSL_KEYFILE" in told[-1]


def test_a_secret_is_never_told_in_an_error():
    told = problems({**SASL, "HALFLIFE_SASL_PASSWORD_FILE": "/p", "HALFLIFE_POOL": "many"})
    assert len(told) == 2
    assert "hunter2" not in "\n".join(told)


def test_the_table_lists_every_variable():
    rows = settings_table().splitlines()[2:]
    variables = [row.split("|")[1].strip(" `") for row in rows]
    assert variables == [variable(name) for name in Settings.model_fields]
    assert all(row.count("|") - row.count("\\|") == 5 for row in rows)


HOOK = {"HALFLIFE_WEBHOOK_URL": "https://hooks.example.org/T1/verysecret"}


def test_the_address_of_a_webhook_is_a_secret_and_can_stand_in_a_file(tmp_path):
    settings = Settings.from_environment(HOOK)
    assert "verysecret" not in repr(settings)
    path = tmp_path / "url"
    path.write_text(HOOK["HALFLIFE_WEBHOOK_URL"] + "\n")
    filed = Settings.from_environment({"HALFLIFE_WEBHOOK_URL_FILE": str(path)})
    assert filed.secret("webhook_url") == settings.secret("webhook_url")
    assert settings.secret("webhook_secret") is None


def test_settings_of_a_webhook_contradict_each_other():
    both = HOOK | {"HALFLIFE_WEBHOOK_URL_FILE": "/run/url"}
    assert "one of this and HALFLIFE_WEBHOOK_URL_FILE" in problems(both)[0]
    alone = problems({"HALFLIFE_WEBHOOK_FORMAT": "slack", "HALFLIFE_WEBHOOK_SECRET": "whsec_x"})
    assert len(alone) == 2
    assert all("has no effect without HALFLIFE_WEBHOOK_URL" in problem for problem in alone)
    wrong = "\n".join(problems(HOOK | {"HALFLIFE_WEBHOOK_FORMAT": "xml"}))
    assert "'json', 'slack' or 'teams'" in wrong
    assert "verysecret" not in wrong
