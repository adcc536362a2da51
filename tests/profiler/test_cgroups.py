"""Which cgroups are whose domain."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riostat.core.domain import HOST, Domain, DomainKind
from riostat.profiler.cgroups import cgroup_domain, process_domain

ID = "3f4e5d6c7b8a" + "0123456789abcdef" * 3 + "0123"
UID = "4b1f6e0a_1c2d_4e5f_8a9b_0c1d2e3f4a5b"

names = st.text(min_size=1, max_size=30).filter(lambda name: "/" not in name)
paths = st.lists(names, max_size=6).map(lambda parts: "/" + "/".join(parts))


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (f"/docker/{ID}", "3f4e5d6c7b8a"),
        (f"/system.slice/docker-{ID}.scope", "3f4e5d6c7b8a"),
        (f"/system.slice/docker-{ID}.scope/init.scope", "3f4e5d6c7b8a"),
        (f"/machine.slice/libpod-{ID}.scope/container", "3f4e5d6c7b8a"),
        (f"/user.slice/user-7.slice/user@7.service/user.slice/libpod-{ID}.scope", ID[:12]),
        (f"/kubepods/burstable/pod{UID}/{ID}", ID[:12]),
        (f"/kubepods.slice/kubepods-pod{UID}.slice/cri-containerd-{ID}.scope", ID[:12]),
        (f"/kubepods.slice/kubepods-besteffort.slice/x/crio-{ID}.scope", ID[:12]),
        (
            f"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{UID}.slice",
            "pod-4b1f6e0a",
        ),
        (f"/docker/{ID}/docker/{ID[::-1]}", ID[:12]),
        ("/lxc.payload.web/system.slice/ssh.service", "web"),
        ("/lxc/web/ns", "web"),
        ("/machine.slice/systemd-nspawn@web.service/payload", "web"),
        ("/machine.slice/machine-web.scope", "web"),
        ("/machine.slice/machine-lxc\\x2d42\\x2dmy\\x2dweb.scope", "my-web"),
        ("/buildkit/abc", "abc"),
        ("/spike", "spike"),
        ("/default/redis", "default/redis"),
        ("/batch.slice/job/7", "job/7"),
        ("/jail/system.slice/cron.service", "jail"),
        ("/host", "/host"),
    ],
)
def test_containers(path: str, name: str) -> None:
    assert cgroup_domain(path) == Domain(name, DomainKind.CONTAINER)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/init.scope",
        "/system.slice",
        "/system.slice/docker.service",
        "/system.slice/ssh.service/child",
        "/user.slice/user-1000.slice/user@1000.service/app.slice/app-x.scope",
        "/user.slice/user-1000.slice/session-3.scope",
        "/machine.slice/machine-qemu\\x2d1\\x2dguest.scope/libvirt/emulator",
        f"/machine.slice/libpod-conmon-{ID}.scope",
        f"/kubepods.slice/crio-conmon-{ID}.scope",
        "/lxc.monitor.web",
        "/docker",
        "/openrc.sshd",
        "/kubepods/besteffort",
    ],
)
def test_the_host(path: str) -> None:
    assert cgroup_domain(path) == HOST


@given(paths)
def test_any_path_has_a_domain_that_can_be_shown(path: str) -> None:
    domain = cgroup_domain(path)
    assert domain.name
    assert not any(character < " " or character == "\x7f" for character in domain.name)
    assert (domain.kind is DomainKind.HOST) == (domain == HOST)
    assert (domain.name == HOST.name) == (domain == HOST)


@given(paths)
def test_what_lies_in_a_container_belongs_to_it(below: str) -> None:
    container = f"/docker/{ID}"
    assert cgroup_domain(container + below) == cgroup_domain(container)


@given(names, paths)
def test_what_lies_in_a_service_is_the_hosts_or_a_named_container(name: str, below: str) -> None:
    service = f"/system.slice/x{name}.service"
    domain = cgroup_domain(service + "/child" + below.lower().replace("-", ""))
    assert domain == HOST or domain.kind is DomainKind.CONTAINER
    assert cgroup_domain(service + "/child") == HOST


HOSTS = {"pid": 4026531836, "net": 4026531840}


@pytest.mark.parametrize(
    ("namespaces", "name"),
    [
        ({"pid": 7, "net": 8}, "pid:[7]"),
        ({"pid": HOSTS["pid"], "net": 8}, "net:[8]"),
        ({"pid": 0, "net": 8}, "net:[8]"),
        ({"net": 8}, "net:[8]"),
        (HOSTS, None),
        ({}, None),
        ({"pid": 0, "net": 0}, None),
    ],
)
def test_a_namespace_of_its_own_makes_a_container(
    namespaces: dict[str, int], name: str | None
) -> None:
    domain = process_domain("/system.slice/x.service", namespaces, HOSTS)
    assert domain == (HOST if name is None else Domain(name, DomainKind.CONTAINER))
    assert process_domain("/x.service", namespaces, {}) == HOST


@given(st.dictionaries(st.sampled_from(["pid", "net", "mnt"]), st.integers(0, 10)))
def test_a_container_by_cgroup_stays_one_whatever_its_namespaces(
    namespaces: dict[str, int],
) -> None:
    path = f"/docker/{ID}"
    assert process_domain(path, namespaces, HOSTS) == cgroup_domain(path)
