"""Sentences that stand under published tables, by language. A missing language falls back on English."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["WORDS"]

WORDS: Mapping[str, Mapping[str, str]] = {
    "total": {"en": "Total", "ar": "المجموع", "fr": "Total", "es": "Total", "ru": "Всего", "zh": "总计"},
    "code_U": {
        "en": "Unknown",
        "ar": "غير معروف",
        "fr": "Inconnu",
        "es": "Desconocido",
        "ru": "Неизвестно",
        "zh": "未知",
    },
    "code_Z": {
        "en": "Not applicable",
        "ar": "لا ينطبق",
        "fr": "Sans objet",
        "es": "No aplicable",
        "ru": "Не применимо",
        "zh": "不适用",
    },
    "code_O": {"en": "Other", "ar": "أخرى", "fr": "Autre", "es": "Otros", "ru": "Прочее", "zh": "其他"},
    "per_cent": {"en": "Per cent", "ar": "نسبة مئوية"},
    "percentage_points": {"en": "Percentage points", "ar": "نقاط مئوية"},
    "method_count": {"en": "Count of persons or events", "ar": "عدّ الأشخاص أو الأحداث"},
    "method_share": {"en": "Share in a total", "ar": "الحصة من المجموع"},
    "method_mean": {"en": "Mean", "ar": "المتوسط"},
    "method_total": {"en": "Total", "ar": "المجموع"},
    "method_proportion": {"en": "Proportion of those who meet a condition", "ar": "نسبة من يستوفون شرطًا"},
    "method_ratio": {"en": "Ratio of two totals", "ar": "نسبة مجموعين"},
    "method_quantile": {"en": "Quantile", "ar": "المئين"},
    "method_gini": {"en": "Gini coefficient", "ar": "معامل جيني"},
    "method_quintile_share_ratio": {
        "en": "What the upper fifth has over what the lower fifth has",
        "ar": "ما يملكه الخُمس الأعلى مقسومًا على ما يملكه الخُمس الأدنى",
    },
    "method_poverty_rate": {"en": "Proportion below the poverty line", "ar": "نسبة من هم تحت خط الفقر"},
    "method_poverty_gap": {"en": "Mean shortfall from the poverty line", "ar": "متوسط العجز عن خط الفقر"},
    "method_value": {"en": "Figures published by another body", "ar": "أرقام نشرتها جهة أخرى"},
    "summary_survey": {
        "en": (
            "Weighted survey estimate. Its standard error is computed from replicate weights: the figure is"
            " estimated again with each of them, and the spread gives the error."
        ),
        "ar": (
            "تقدير مسحي مرجّح. يُحسب خطؤه المعياري من أوزان مكررة: يُعاد تقدير الرقم بكل وزن منها، ويعطي"
            " التشتت مقدار الخطأ."
        ),
    },
    "summary_linearised": {
        "en": (
            "Weighted survey estimate. Its standard error follows from the design of the sample: from how"
            " much the sampling units of a stratum differ in what they add to the figure."
        ),
        "ar": (
            "تقدير مسحي مرجّح. يُشتق خطؤه المعياري من تصميم العيّنة: من مقدار اختلاف وحدات المعاينة في الطبقة"
            " الواحدة فيما تضيفه إلى الرقم."
        ),
    },
    "summary_register": {
        "en": "Count over all records of the source that meet the definition.",
        "ar": "عدّ لجميع سجلات المصدر التي تستوفي التعريف.",
    },
    "summary_border": {
        "en": (
            "Every crossing of the border is looked at together with the person's other crossings: one that"
            " is followed by enough days on its new side changes where the person lives. Only periods are"
            " given of which no later crossing can change anything."
        ),
        "ar": (
            "يُنظر في كل عبور للحدود مع سائر عمليات عبور الشخص: فالعبور الذي تليه أيام كافية على الجانب الجديد"
            " يغيّر مكان إقامة الشخص. ولا تُنشر إلا الفترات التي لا يمكن لأي عبور لاحق أن يغيّر فيها شيئا."
        ),
    },
    "summary_permits": {
        "en": (
            "Every visa and permit is looked at together with its holder's border crossings and other"
            " permits. What these do not decide is a group of its own."
        ),
        "ar": (
            "يُنظر في كل تأشيرة وتصريح مع عمليات عبور حامله للحدود وسائر تصاريحه. وما لا تبت فيه هذه البيانات"
            " فئة قائمة بذاتها."
        ),
    },
    "summary_published": {
        "en": "Figures as another body published them, with its own marks of status. Nothing was added up.",
        "ar": "أرقام كما نشرتها جهة أخرى، مع إشاراتها إلى حالة كل رقم. ولم يُجمع منها شيء.",
    },
    "uncertainty_border": {
        "en": (
            "The figures are counts without sampling error. Movements that were not recorded, people who"
            " are not recognised under another document, and people whose residence before the first"
            " recorded crossing is not known make them too low or too high; who cannot be decided is not"
            " counted."
        ),
        "ar": (
            "الأرقام عدّ لا يشوبه خطأ معاينة. وقد ترتفع أو تنخفض بسبب الحركات غير المسجلة، والأشخاص الذين لا"
            " يُتعرف عليهم بوثيقة أخرى، والأشخاص الذين لا تُعرف إقامتهم قبل أول عبور مسجل؛ ومن لا يمكن البت"
            " في أمره لا يُحسب."
        ),
    },
    "uncertainty_permits": {
        "en": (
            "The figures are counts without sampling error, and no findings about persons: crossings go"
            " unrecorded, passports change, applications are pending, and permits may be withdrawn early."
        ),
        "ar": (
            "الأرقام عدّ لا يشوبه خطأ معاينة، وليست استنتاجات عن أشخاص: فقد لا تُسجل عمليات عبور، وتتغير جوازات"
            " السفر، وتكون الطلبات قيد النظر، وقد تُلغى التصاريح قبل انتهائها."
        ),
    },
    "uncertainty_published": {
        "en": "How certain the figures are is for the body that published them to say; see its own notes.",
        "ar": "الجهة التي نشرت الأرقام هي التي تبيّن مدى دقتها؛ تُراجع ملاحظاتها.",
    },
    "uncertainty_survey": {
        "en": (
            "The figures come from a sample. The standard error says how far a figure would typically lie"
            " from the one that a full count gives; an interval of twice the standard error to both sides"
            " covers that one in about 95 of 100 samples."
        ),
        "ar": (
            "الأرقام مأخوذة من عيّنة. يبيّن الخطأ المعياري البعد المعتاد للرقم عن نتيجة العدّ الشامل، ويغطي"
            " مجال قدره ضعفا الخطأ المعياري من الجانبين تلك النتيجة في نحو 95 عيّنة من كل 100."
        ),
    },
    "uncertainty_register": {
        "en": (
            "The figures come from a full count of records, so they have no sampling error. They can be"
            " wrong where the records are incomplete, late or wrong."
        ),
        "ar": (
            "الأرقام ناتجة عن عدّ شامل للسجلات، فلا يشوبها خطأ معاينة. وقد تكون غير صحيحة حيث تكون السجلات"
            " ناقصة أو متأخرة أو خاطئة."
        ),
    },
    "linkage_model": {
        "en": (
            "LINKAGE_SE is the standard error that comes from not knowing which records are of one person,"
            " and is not part of SE. It is the end of a class (1, 2 or 5 in some decimal place), so that the"
            " error worked out is no larger; a difference of arrivals and departures has its own. The records"
            " were made again from {versions} sets of links, drawn from the probability of each pair. These"
            " are the linkage's own, checked by nobody: that they may be wrong, and pairs that were not"
            " looked at, are not in it."
        ),
        "ar": (
            "LINKAGE_SE هو الخطأ المعياري الناتج عن عدم معرفة أي السجلات تعود إلى شخص واحد، وليس جزءا من SE."
            " وهو الحد الأعلى لفئته (1 أو 2 أو 5 في منزلة عشرية ما)، فلا يتجاوزه الخطأ المحسوب؛ وللفرق بين"
            " القدوم والمغادرة خطؤه. أُعيد إعداد السجلات من {versions} مجموعة روابط سُحبت من احتمال كل زوج."
            " وهذه الاحتمالات من الربط نفسه ولم يتحقق منها أحد: فلا يشمل الخطأ أنها قد تكون غير صحيحة، ولا"
            " الأزواج التي لم يُنظر فيها."
        ),
    },
    "linkage_reviewed": {
        "en": (
            "LINKAGE_SE is the standard error that comes from not knowing which records are of one person,"
            " and is not part of SE. It is the end of a class (1, 2 or 5 in some decimal place), so that the"
            " error worked out is no larger; a difference of arrivals and departures has its own. The records"
            " were made again from {versions} sets of links, drawn from the probability of each pair. People"
            " decided {pairs} pairs of a sample; probabilities were corrected by what they found, and differ"
            " between the sets by what so many pairs leave open. Pairs that were not looked at are not in it."
        ),
        "ar": (
            "LINKAGE_SE هو الخطأ المعياري الناتج عن عدم معرفة أي السجلات تعود إلى شخص واحد، وليس جزءا من SE."
            " وهو الحد الأعلى لفئته (1 أو 2 أو 5 في منزلة عشرية ما)، فلا يتجاوزه الخطأ المحسوب؛ وللفرق بين"
            " القدوم والمغادرة خطؤه. أُعيد إعداد السجلات من {versions} مجموعة روابط سُحبت من احتمال كل زوج."
            " وقد بتّ أشخاص في {pairs} زوجا من عيّنة، وصُححت الاحتمالات بما وجدوه، وتختلف بين المجموعات بقدر ما"
            " يتركه هذا العدد من الأزواج مفتوحا. ولا يشمل الخطأ الأزواج التي لم يُنظر فيها."
        ),
    },
    "rule_minimum": {
        "en": "Figures behind which fewer than {minimum} persons stand are withheld.",
        "ar": "تُحجب الأرقام التي يقل عدد الأشخاص وراءها عن {minimum}.",
    },
    "rule_secondary": {
        "en": "Further figures are withheld so that a withheld one cannot be computed from totals.",
        "ar": "تُحجب أرقام أخرى حتى لا يمكن حساب الرقم المحجوب من المجاميع.",
    },
    "rule_rounding": {
        "en": (
            "Figures are rounded to multiples of {base}; sums of rounded figures can differ from rounded"
            " totals."
        ),
        "ar": ("تُقرّب الأرقام إلى مضاعفات {base}، وقد تختلف مجاميع الأرقام المقرّبة عن المجاميع بعد تقريبها."),
    },
    "rule_cell_keys": {
        "en": (
            "Every figure was changed a little at random, so that nobody can be recognised. The same cell has"
            " the same value in every table. Zeros of nobody stay zeros; a figure of few may have become"
            " zero, and rows of zeros are left out."
        ),
        "ar": (
            "غُيّر كل رقم تغييرا طفيفا عشوائيا حتى لا يمكن التعرف على أحد. وللخلية نفسها القيمة نفسها في كل"
            " جدول. ويبقى الصفر الذي لا أحد وراءه صفرا، وقد يصبح رقم يخص قلة من الأشخاص صفرا، ولا تُعرض صفوف"
            " الأصفار."
        ),
    },
    "rule_cell_key_sums": {
        "en": (
            "Totals were changed on their own: they differ from the sums of their parts. Take the published"
            " total instead of adding up."
        ),
        "ar": "غُيّرت المجاميع كل على حدة، فهي تختلف عن جمع أجزائها. خذ المجموع المنشور بدل أن تجمع الأجزاء.",
    },
    "quality_records": {
        "en": "{loaded} records were used; {share} per cent of the records received could not be used.",
        "ar": "استُخدم {loaded} سجلاً، وتعذّر استخدام {share} في المئة من السجلات الواردة.",
    },
}
