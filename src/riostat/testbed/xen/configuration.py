"""What xl reads of a domain: its configuration file, in xl.cfg(5)'s form, and xl's own."""

from riostat.testbed.xen.specification import DomainSpecification

__all__ = [
    "AGENT_PORT",
    "BRIDGE_ADDRESS",
    "DOMAIN_INITRAMFS",
    "DOMAIN_KERNEL",
    "VIF_SCRIPT",
    "XL_CONFIGURATION",
    "domain_address",
    "domain_configuration",
]

AGENT_PORT = 7390
BRIDGE_ADDRESS = "10.90.0.1/24"
DOMAIN_KERNEL = "/boot/domain/vmlinuz"
DOMAIN_INITRAMFS = "/boot/domain/initramfs"
VIF_SCRIPT = "/etc/xen/scripts/riostat-vif"

# dom0 keeps the memory that it was given, so that a snapshot restores the same host; and every
# domain's device goes to the bridge without a word about it in the domain's configuration.
XL_CONFIGURATION = f"""\
autoballoon = "off"
vif.default.script = "{VIF_SCRIPT}"
vif.default.bridge = "xenbr0"
"""

_FIRST_ADDRESS = 11
# dom0 has the first processor to itself, so that samples taken of a domain find it running.
_DOMAINS_CPU = 1


def domain_address(index: int) -> str:
    """Return the address of the domain at a place in the host's specification."""
    return f"10.90.0.{_FIRST_ADDRESS + index}"


def domain_configuration(domain: DomainSpecification, index: int) -> str:
    """Return the configuration of the domain at a place in the host's specification.

    A domain that crashes is kept, so that its registers and its console can be read.
    """
    words = (
        "console=hvc0 quiet nokaslr mitigations=off panic=-1",
        f"riostat.ip={domain_address(index)}/24@eth0 riostat.agent=tcp:{AGENT_PORT}",
        domain.kernel_arguments,
    )
    values: dict[str, str | int | list[str]] = {
        "name": domain.name,
        "type": "pv",
        "kernel": DOMAIN_KERNEL,
        "ramdisk": DOMAIN_INITRAMFS,
        "extra": " ".join(filter(None, words)),
        "memory": domain.memory_mib,
        "vcpus": 1,
        "cpus": str(_DOMAINS_CPU),
        "vif": [f"mac=00:16:3e:00:00:{_FIRST_ADDRESS + index:02x}"],
        "on_poweroff": "destroy",
        "on_reboot": "destroy",
        "on_crash": "preserve",
    }
    return "".join(f"{name} = {_value(value)}\n" for name, value in values.items())


def _value(value: str | int | list[str]) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    return str(value) if isinstance(value, int) else f'"{value}"'
