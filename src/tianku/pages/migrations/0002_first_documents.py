"""The root of the documents in each language, with a first text that editors may change."""

import json
import uuid
from typing import Any

from django.db import migrations

_EN = """<p>Everything published here can be read without an account, in three ways.</p>
<h2>In the browser</h2>
<p>The <a href="/data/">data pages</a> describe every table: columns with units, coverage and services.
Each table has a query form; the <a href="/sql">SQL editor</a> takes any ADQL query over all of them.</p>
<h2>With astronomical tools</h2>
<p>TOPCAT, STILTS, pyVO and Aladin speak the protocols of the Virtual Observatory. One TAP service covers all
tables; every table with positions has a cone search of its own. Table pages show lines to copy.</p>
<h2>From programs</h2>
<p>The JSON API under <code>/api/v1</code> answers everything that the pages show. Data that are not public
yet need a token, which you make on your <a href="/account/">account page</a>.</p>"""

_ZH = """<p>本站公开的全部数据无需账号即可使用，有三种途径。</p>
<h2>浏览器</h2>
<p><a href="/zh/data/">数据页面</a>介绍每一张表：各列的单位、天区覆盖与服务。每张表都有查询表单；
<a href="/zh/sql">SQL 编辑器</a>可对所有表执行 ADQL 查询。</p>
<h2>天文软件</h2>
<p>TOPCAT、STILTS、pyVO 与 Aladin 支持虚拟天文台协议。一个 TAP 服务涵盖所有表；每张带坐标的表都有自己的锥形检索。
表页面给出可直接复制的命令。</p>
<h2>程序</h2>
<p><code>/api/v1</code> 下的 JSON 接口提供页面所示的全部内容。尚未公开的数据需要令牌，可在
<a href="/zh/account/">账号页面</a>创建。</p>"""

_CODE = """curl 'https://<this site>/vo/tap/sync' --data-urlencode LANG=ADQL \\
  --data-urlencode 'QUERY=SELECT * FROM tap_schema.tables'"""


def _write_roots(apps: Any, schema_editor: Any) -> None:
    page_model = apps.get_model("wagtailcore", "Page")
    content_type, _ = apps.get_model("contenttypes", "ContentType").objects.get_or_create(
        app_label="pages", model="documentpage"
    )
    locales = apps.get_model("wagtailcore", "Locale").objects
    sites = apps.get_model("wagtailcore", "Site").objects
    document = apps.get_model("pages", "DocumentPage")
    top = page_model.objects.get(depth=1)
    # Wagtail's welcome page; the site that points to it goes with it.
    page_model.objects.filter(depth=2).delete()
    key = uuid.uuid4()
    roots = []
    for number, (language, title, text) in enumerate(
        [("en", "Documents", _EN), ("zh-hans", "文档", _ZH)], start=1
    ):
        # A line break between Chinese characters would be shown as a space.
        text = text.replace("\n", "" if language == "zh-hans" else " ")
        body = [{"type": "text", "value": text}, {"type": "code", "value": _CODE}]
        slug = "documents" if language == "en" else "documents-zh-hans"
        roots.append(
            document.objects.create(
                title=title,
                draft_title=title,
                slug=slug,
                locale=locales.get_or_create(language_code=language)[0],
                translation_key=key,
                content_type=content_type,
                path=f"{top.path}{number:04d}",
                depth=2,
                numchild=0,
                url_path=f"/{slug}/",
                live=True,
                body=json.dumps([{**block, "id": str(uuid.uuid4())} for block in body]),
            )
        )
    page_model.objects.filter(pk=top.pk).update(numchild=len(roots))
    sites.all().delete()
    sites.create(hostname="localhost", port=80, is_default_site=True, root_page_id=roots[0].pk)


class Migration(migrations.Migration):
    dependencies = [("pages", "0001_initial"), ("contenttypes", "0002_remove_content_type_name")]

    operations = [migrations.RunPython(_write_roots, migrations.RunPython.noop)]
