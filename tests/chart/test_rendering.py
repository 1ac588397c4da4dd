"""What the chart renders is what clusters take: each file of values and each option, held against the API."""

import pytest
from tests.chart.conftest import Render
from tests.chart.support.rendering import CHART, SERVICES, of_kind
from tests.chart.support.schemas import VERSIONS, problems

FILES = sorted(file.name for file in CHART.glob("values-*.yaml"))

OPTIONS = {
    "nothing": {},
    "digest": {"image": {"registry": "registry.example.vn/axis", "digest": "sha256:" + "0" * 64}},
    "global": {
        "global": {
            "imageRegistry": "mirror.example.vn",
            "imagePullSecrets": ["mirror"],
            "labels": {"owner": "vpcp"},
            "annotations": {"contact": "sre@example.vn"},
        }
    },
    "passphrase": {"secrets": {"passphrase": {"name": "lienthong-passphrase"}}},
    "certificates": {
        "secrets": {"keys": {"server": "lienthong-tls"}, "postgres": {"ca": "pg-ca"}, "objects": {"ca": "s3-ca"}}
    },
    "secret for each": {
        "secrets": {"postgres": {"name": "pg-{component}", "key": "password", "owner": "owner-{component}"}}
    },
    "cloud": {"secrets": {"objects": {"name": ""}}},
    "trust": {"trust": {"anchors": "anchors", "intermediates": "intermediates", "crls": "crls"}},
    "hpa": {"defaults": {"autoscaling": {"enabled": True}}},
    "external": {"defaults": {"autoscaling": {"enabled": True, "lag": {"source": "external"}}}},
    "keda kafka": {"defaults": {"autoscaling": {"enabled": True, "lag": {"source": "keda-kafka"}}}},
    "pod monitor": {"monitoring": {"enabled": True, "labels": {"release": "prometheus"}}},
    "rules": {"monitoring": {"rules": {"enabled": True}, "labels": {"release": "prometheus"}}},
    "dashboards": {"monitoring": {"dashboards": {"enabled": True, "annotations": {"folder": "axis"}}}},
    "service monitor": {"monitoring": {"enabled": True, "kind": "ServiceMonitor"}},
    "tls route": {
        "route": {"enabled": True, "parentRefs": [{"name": "axis", "namespace": "gateways"}]},
        "components": {"intake": {"hostnames": ["intake.axis.example.vn"]}},
    },
    "grpc route": {
        "route": {"enabled": True, "kind": "GRPCRoute", "parentRefs": [{"name": "axis"}]},
        "components": {"routing": {"hostnames": ["routing.axis.example.vn"]}},
    },
    "extras": {
        "defaults": {
            "extraEnv": [{"name": "LIENTHONG_LOG__LEVEL", "value": "WARNING"}],
            "extraEnvFrom": [{"secretRef": {"name": "more", "optional": True}}],
            "extraVolumes": [{"name": "calendar", "configMap": {"name": "calendar"}}],
            "extraVolumeMounts": [{"name": "calendar", "mountPath": "/etc/calendar", "readOnly": True}],
            "sidecars": [{"name": "shipper", "image": "shipper:1"}],
            "initContainers": [{"name": "waiter", "image": "waiter:1"}],
            "podLabels": {"team": "axis"},
            "podAnnotations": {"note": "seen"},
            "nodeSelector": {"zone": "a"},
            "tolerations": [{"key": "axis", "operator": "Exists"}],
            "affinity": {"nodeAffinity": {}},
            "priorityClassName": "high",
            "extraEgress": [{"ports": [{"port": 8080}]}],
            "service": {"annotations": {"note": "seen"}},
            "serviceAccount": {"annotations": {"role": "axis"}},
        }
    },
    "account of all": {"defaults": {"serviceAccount": {"name": "axis"}}},
    "account that is there": {"defaults": {"serviceAccount": {"create": False, "name": "axis"}}},
    "bare": {
        "networkPolicy": {"enabled": False},
        "migrations": {"enabled": False},
        "test": {"enabled": False},
        "defaults": {
            "podDisruptionBudget": {"enabled": False},
            "topologySpreadConstraints": [],
            "preStopSeconds": 0,
            "serviceAccount": {"create": False},
        },
    },
    "one service alone": {"components": {name: {"enabled": False} for name in SERVICES if name != "signing"}},
    "callers": {
        "networkPolicy": {
            "callers": [{"ipBlock": {"cidr": "10.0.0.0/8"}}],
            "engines": {"kafka": {"peers": [{"namespaceSelector": {"matchLabels": {"name": "kafka"}}}]}},
        },
        "config": {"telemetry": {"otlp_endpoint": "collector:4317"}},
    },
}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("file", FILES)
def test_each_size_is_taken_by_each_version(rendered: Render, file: str, version: str) -> None:
    """The sizes that the chart brings have no field that an API server does not know."""
    manifests = rendered(files=[file], kubernetes=version)
    assert problems(manifests, version) == []
    assert of_kind(manifests, "Deployment")


@pytest.mark.parametrize("option", OPTIONS)
def test_each_option_is_taken_by_each_version(rendered: Render, option: str) -> None:
    """Whatever is switched on or off, the API takes it, and Helm finds no name twice."""
    manifests = rendered(OPTIONS[option])
    names = [(one["kind"], one["metadata"]["name"]) for one in manifests]
    assert sorted(set(names)) == sorted(names)
    assert {version: found for version in VERSIONS if (found := problems(manifests, version))} == {}


def test_the_check_sees_what_is_wrong(rendered: Render) -> None:
    """A field that a version does not know, of Kubernetes or of an operator, is named."""
    manifests = rendered({"monitoring": {"enabled": True}})
    of_kind(manifests, "Deployment")["intake"]["spec"]["replica"] = 3
    of_kind(manifests, "PodMonitor")["lienthong"]["spec"]["endpoints"] = []
    found = problems(manifests, "1.34.0")
    assert len(found) == 2
    assert "replica" in found[0] + found[1]
    assert "endpoints" in found[0] + found[1]
