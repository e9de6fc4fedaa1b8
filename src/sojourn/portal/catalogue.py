"""The catalogue for machines: DCAT 3 in JSON-LD, with schema.org's words for search engines."""

from __future__ import annotations

from typing import Any

from sojourn.dissemination.descriptions import TableDescription, Texts
from sojourn.portal.site import OpenRelease, Snapshot

__all__ = ["catalogue_document"]

_CONTEXT = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "schema": "https://schema.org/",
    "spdx": "http://spdx.org/rdf/terms#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}


def catalogue_document(snapshot: Snapshot, origin: str) -> dict[str, Any]:
    """The current tables as data sets, each with its files."""
    agency = snapshot.manifest.agency
    identity = agency.url or f"{origin}/"
    publisher = {
        "@id": identity,
        "@type": "foaf:Organization",
        "foaf:name": _in_languages(agency.name),
    }
    datasets = [
        _dataset(release, release.tables[table], origin, identity)
        for table, release in snapshot.current.items()
    ]
    return {
        "@context": _CONTEXT,
        "@id": f"{origin}/catalog.jsonld",
        "@type": ["dcat:Catalog", "schema:DataCatalog"],
        "dct:title": _in_languages(agency.name),
        "dct:description": _in_languages(agency.name),
        "dct:publisher": publisher,
        "dcat:dataset": datasets,
    }


def _in_languages(texts: Texts) -> list[dict[str, str]]:
    return [{"@language": language, "@value": text} for language, text in texts.items()]


def _day(text: str) -> dict[str, str]:
    return {"@type": "xsd:dateTime", "@value": text}


def _dataset(
    release: OpenRelease, description: TableDescription, origin: str, publisher: str
) -> dict[str, Any]:
    entry, page = release.entry, f"{origin}/data/{description.id}"
    title, text = (
        _in_languages(description.title),
        _in_languages(description.definition or description.description),
    )
    issued = _day(entry.published_at.isoformat())
    return {
        "@id": page,
        "@type": ["dcat:Dataset", "schema:Dataset"],
        "dct:identifier": f"{release.description.agency.id}:{description.id}({description.version})",
        "dct:title": title,
        "schema:name": title,
        "dct:description": text,
        "schema:description": text,
        "dct:publisher": {"@id": publisher},
        "dct:issued": issued,
        "dct:license": {"@id": description.licence.url},
        "schema:license": description.licence.url,
        "dcat:version": entry.version,
        "dcat:landingPage": {"@id": page},
        "schema:url": page,
        "schema:isAccessibleForFree": True,
        "schema:temporalCoverage": f"{description.time_periods[0]}/{description.time_periods[-1]}",
        "schema:variableMeasured": [_in_languages(it.name) for it in description.dimensions],
        "dcat:keyword": [
            {"@language": language, "@value": word}
            for language, words in description.keywords.items()
            for word in words
        ],
        "dcat:distribution": [
            _distribution(release, description, file, origin) for file in description.downloads
        ],
    }


def _distribution(
    release: OpenRelease, description: TableDescription, file: Any, origin: str
) -> dict[str, Any]:
    address = f"{origin}/releases/{release.entry.hash}/{description.id}/{file.file}"
    return {
        "@id": address,
        "@type": ["dcat:Distribution", "schema:DataDownload"],
        "dcat:downloadURL": {"@id": address},
        "schema:contentUrl": address,
        "dcat:mediaType": file.media_type.partition(";")[0],
        "schema:encodingFormat": file.media_type,
        "dcat:byteSize": file.bytes,
        "dct:license": {"@id": description.licence.url},
        "spdx:checksum": {
            "@type": "spdx:Checksum",
            "spdx:algorithm": {"@id": "spdx:checksumAlgorithm_sha256"},
            "spdx:checksumValue": file.sha256,
        },
    }
