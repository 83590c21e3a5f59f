"""Settings: where they come from, what is shown of them, and that a wrong one is named."""

import pytest

from support.server import run


def print_config(*args, env=None):
    result = run("serve", "--print-config", *args, env=env)
    assert result.returncode == 0, result
    return result.stdout + result.stderr


def test_flags_come_before_environment_before_file_before_defaults(tmp_path):
    config = tmp_path / "firstcome.toml"
    config.write_text('listen = "127.0.0.1:1111"\n')
    env = {"FIRSTCOME_LISTEN": "127.0.0.1:2222"}
    flag = ("--listen", "127.0.0.1:3333")
    data = ("--data", tmp_path / "data")
    file = ("--config", config)
    assert "127.0.0.1:8080" in print_config(*data)
    assert "127.0.0.1:1111" in print_config(*data, *file)
    assert "127.0.0.1:2222" in print_config(*data, *file, env=env)
    everything = print_config(*data, *file, *flag, env=env)
    assert "127.0.0.1:3333" in everything
    for lower in ("127.0.0.1:8080", "127.0.0.1:1111", "127.0.0.1:2222"):
        assert lower not in everything


def test_the_settings_are_shown_without_secrets(tmp_path):
    secrets = {"FIRSTCOME_ADMIN_KEY": "admin-secret-0123456789abcdef",
               "FIRSTCOME_ISSUE_KEY": "issue-secret-0123456789abcdef",
               "FIRSTCOME_USER_SECRET": "user-secret-0123456789abcdef0123"}
    for flag in ("--print-config", "--check-config"):
        result = run("serve", flag, "--data", tmp_path / "data", env=secrets)
        assert result.returncode == 0, result
        for secret in secrets.values():
            assert secret not in result.stdout + result.stderr


def test_secrets_of_a_config_file_are_hidden(tmp_path):
    config = tmp_path / "firstcome.toml"
    config.write_text('admin_key = "file-secret-0123456789abcdef"\n')
    result = run("serve", "--print-config", "--data", tmp_path / "data", "--config", config)
    assert result.returncode == 0, result
    assert "file-secret" not in result.stdout + result.stderr


def test_looking_at_the_settings_makes_nothing(tmp_path):
    data = tmp_path / "data"
    for flag in ("--print-config", "--check-config"):
        assert run("serve", flag, "--data", data).returncode == 0
    assert not data.exists()


@pytest.mark.parametrize("text, named", [
    ('lisen = "127.0.0.1:1"', "lisen"),
    ('listen = "127.0.0.1:1"\nunknown_thing = 1', "unknown_thing"),
    ('[no_such_table]\nx = 1', "no_such_table"),
    ('listen = 8080', "line 1"),
    ('io_threads = "two"', "io_threads"),
    ('io_threads = -1', "io_threads"),
    ('listen = "127.0.0.1:1"\nlisten = "127.0.0.1:2"', "listen"),
    ('listen = ', "firstcome.toml"),
    ('\x00', "firstcome.toml"),
])
@pytest.mark.parametrize("flag", ["--check-config", "--print-config", None])
def test_a_wrong_config_file_is_refused_and_the_key_named(tmp_path, text, named, flag):
    config = tmp_path / "firstcome.toml"
    config.write_text(text + "\n")
    flags = [flag] if flag else []
    result = run("serve", "--data", tmp_path / "data", "--config", config, *flags)
    assert result.returncode in (1, 2)
    assert named in result.stderr


def test_a_config_file_that_is_not_there_is_named(tmp_path):
    missing = tmp_path / "missing.toml"
    result = run("serve", "--check-config", "--data", tmp_path / "d", "--config", missing)
    assert result.returncode in (1, 2)
    assert str(missing) in result.stderr


@pytest.mark.parametrize("name, value", [("FIRSTCOME_LISTEN", "nowhere"),
                                         ("FIRSTCOME_IO_THREADS", "two"),
                                         ("FIRSTCOME_IO_THREADS", "-1"),
                                         ("FIRSTCOME_LEDGER", "oracle://x")])
def test_a_wrong_environment_variable_is_named(tmp_path, name, value):
    result = run("serve", "--check-config", "--data", tmp_path / "d", env={name: value})
    assert result.returncode in (1, 2)
    assert name in result.stderr


@pytest.mark.parametrize("args", [["--nonsense"], ["--listen"], ["--io-threads", "two"],
                                  ["--io-threads", "-1"], ["--ledger", "oracle://x"],
                                  ["--queue", "carrier-pigeon:"], ["extra"]])
def test_a_wrong_flag_is_refused(tmp_path, args):
    result = run("serve", "--data", tmp_path / "data", "--listen", "127.0.0.1:0", *args)
    assert result.returncode in (1, 2)
    assert result.stderr.strip()
