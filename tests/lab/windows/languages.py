"""What sc, tasklist and taskkill say on a Windows in another language.

Numbers, their order and the words in capitals behind them (RUNNING, WIN32_OWN_PROCESS) are the same everywhere. Of the
words these are known: the sentences for the common errors, ``FEHLER``, ``失败``, ``échec(s)`` with a blank before the
colon, and that the Japanese sc.exe says FAILED. All other translations are inventions [G], the labels of the Japanese
one in another script on purpose.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lab.windows.errors import TEXTS


@dataclass(frozen=True)
class Language:
    """The texts of one language; what it does not translate is English."""

    failed: str = "FAILED {}:"  # what sc prints of an error number
    succeeded: str = "SUCCESS"
    labels: Mapping[str, str] = field(default_factory=dict)  # of sc, by the English one
    sentences: Mapping[int, str] = field(default_factory=dict)  # Win32 errors
    nothing_listed: str = "INFO: No tasks are running which match the specified criteria."
    nothing_ended: str = "INFO: No tasks running with the specified criteria."
    ended: str = "SUCCESS: The process with PID {pid} has been terminated."
    ended_by_name: str = 'SUCCESS: The process "{image}" with PID {pid} has been terminated.'

    def label(self, name: str) -> str:
        """A label of sc."""
        return self.labels.get(name, name)

    def sentence(self, code: int) -> str:
        """The sentence for a Win32 error."""
        return self.sentences.get(code) or TEXTS[code]


_GERMAN = Language(
    failed="FEHLER {}:",
    succeeded="ERFOLG",
    labels={
        "TYPE": "TYP",
        "STATE": "STATUS",
        "WIN32_EXIT_CODE": "WIN32_EXITCODE",
        "SERVICE_EXIT_CODE": "SERVICE_EXITCODE",
        "CHECKPOINT": "PRÜFPUNKT",
        "WAIT_HINT": "WARTEHINWEIS",
        "FLAGS": "KENNZEICHEN",
        "SERVICE_NAME": "DIENSTNAME",
        "DISPLAY_NAME": "ANZEIGENAME",
        "START_TYPE": "STARTTYP",
        "ERROR_CONTROL": "FEHLERSTEUERUNG",
        "BINARY_PATH_NAME": "BINÄRPFADNAME",
        "LOAD_ORDER_GROUP": "LADEGRUPPE",
        "DEPENDENCIES": "ABHÄNGIGKEITEN",
        "SERVICE_START_NAME": "DIENSTSTARTNAME",
    },
    sentences={
        5: "Zugriff verweigert",
        1051: "Eine Beendigung wurde einem Dienst angefordert, von dem andere ausgeführte Dienste abhängig sind.",
        1052: "Die angeforderte Steuerung ist für diesen Dienst nicht gültig.",
        1053: "Der Dienst antwortete nicht rechtzeitig auf die Start- oder Steuerungsanforderung.",
        1056: "Eine Instanz dieses Dienstes wird bereits ausgeführt.",
        1058: (
            "Der Dienst kann nicht gestartet werden. Er ist deaktiviert oder nicht mit aktivierten Geräten verbunden."
        ),
        1060: "Der angegebene Dienst ist kein installierter Dienst.",
        1061: "Der Dienst kann zurzeit keine Steuerungsmeldungen annehmen.",
        1062: "Der Dienst wurde nicht gestartet.",
        1068: "Der Abhängigkeitsdienst oder die Abhängigkeitsgruppe konnte nicht gestartet werden.",
    },
    nothing_listed="INFORMATION: Es werden keine Aufgaben mit den angegebenen Kriterien ausgeführt.",
    nothing_ended="INFORMATION: Es werden keine Aufgaben mit den angegebenen Kriterien ausgeführt.",
    ended="ERFOLGREICH: Der Prozess mit PID {pid} wurde beendet.",
    ended_by_name='ERFOLGREICH: Der Prozess "{image}" mit PID {pid} wurde beendet.',
)

_FRENCH = Language(
    failed="échec(s) {} :",
    succeeded="réussite(s)",
    labels={
        "STATE": "ÉTAT",
        "WIN32_EXIT_CODE": "CODE_SORTIE_WIN32",
        "SERVICE_EXIT_CODE": "CODE_SORTIE_SVC",
        "CHECKPOINT": "POINT_CONTRÔLE",
        "WAIT_HINT": "DÉLAI_ATTENTE",
        "FLAGS": "INDICATEURS",
        "SERVICE_NAME": "NOM_SERVICE",
        "DISPLAY_NAME": "NOM_COMPLET",
        "START_TYPE": "TYPE_DÉMARRAGE",
        "ERROR_CONTROL": "CONTRÔLE_ERREUR",
        "BINARY_PATH_NAME": "CHEMIN_BINAIRE",
        "LOAD_ORDER_GROUP": "GROUPE_CHARGEMENT",
        "TAG": "BALISE",
        "DEPENDENCIES": "DÉPENDANCES",
        "SERVICE_START_NAME": "NOM_DÉMARRAGE",
    },
    sentences={
        5: "Accès refusé.",
        1051: (
            "Une commande d'arrêt a été envoyée à un service duquel d'autres services en cours d'exécution dépendent."
        ),
        1052: "Le contrôle demandé n'est pas valide pour ce service.",
        1053: "Le service n'a pas répondu assez vite à la demande de lancement ou de contrôle.",
        1056: "Une instance du service s'exécute déjà.",
        1058: (
            "Le service ne peut pas être démarré parce qu'il est désactivé ou qu'aucun périphérique activé ne lui est"
            " associé."
        ),
        1060: "Le service spécifié n'existe pas en tant que service installé.",
        1061: "Le service ne peut pas accepter de messages de contrôle pour le moment.",
        1062: "Le service n'a pas été démarré.",
        1068: "Le service ou le groupe de dépendance n'a pas pu démarrer.",
    },
    nothing_listed="Information : aucune tâche en service ne correspond aux critères spécifiés.",
    nothing_ended="Information : aucune tâche en cours ne correspond aux critères spécifiés.",
    ended="Opération réussie : le processus avec PID {pid} a été terminé.",
    ended_by_name='Opération réussie : le processus "{image}" avec PID {pid} a été terminé.',
)

_JAPANESE = Language(
    labels={
        "TYPE": "種類",
        "STATE": "状態",
        "WIN32_EXIT_CODE": "Win32終了コード",
        "SERVICE_EXIT_CODE": "サービス終了コード",
        "CHECKPOINT": "チェックポイント",
        "WAIT_HINT": "待機ヒント",
        "PID": "プロセスID",
        "FLAGS": "フラグ",
        "SERVICE_NAME": "サービス名",
        "DISPLAY_NAME": "表示名",
        "START_TYPE": "スタートアップの種類",
        "ERROR_CONTROL": "エラー制御",
        "BINARY_PATH_NAME": "実行ファイルのパス",
        "LOAD_ORDER_GROUP": "読み込みグループ",
        "TAG": "タグ",
        "DEPENDENCIES": "依存関係",
        "SERVICE_START_NAME": "開始アカウント名",
    },
    sentences={
        5: "アクセスが拒否されました。",
        1051: "実行中のほかのサービスが依存しているサービスに、停止コントロールが送信されました。",
        1052: "要求したコントロールはこのサービスに対して無効です。",
        1053: "そのサービスは指定時間内に開始要求または制御要求に応答しませんでした。",
        1056: "サービスのインスタンスは既に実行中です。",
        1058: "サービスを開始できません。無効に設定されているか、有効なデバイスが関連付けられていません。",
        1060: "指定されたサービスはインストールされたサービスとして存在しません。",
        1061: "今回はサービスがコントロール メッセージを受け付けられません。",
        1062: "サービスを開始していません。",
        1068: "依存関係サービスまたはグループを起動できませんでした。",
    },
    nothing_listed="情報: 指定された条件に一致するタスクは実行されていません。",
    nothing_ended="情報: 指定された条件で実行中のタスクはありません。",
    ended="成功: PID {pid} のプロセスは強制終了されました。",
    ended_by_name='成功: プロセス "{image}" (PID {pid}) は強制終了されました。',
)

_CHINESE = Language(  # its sc.exe leaves the labels as they are
    failed="失败 {}:",
    succeeded="成功",
    sentences={
        5: "拒绝访问。",
        1051: "停止控制已发送给与其他运行服务相关的服务。",
        1052: "请求的控件对此服务无效。",
        1053: "服务没有及时响应启动或控制请求。",
        1056: "服务的实例已在运行中。",
        1058: "无法启动服务，原因可能是已被禁用或与其相关联的设备没有启动。",
        1060: "指定的服务未安装。",
        1061: "服务无法在此时接受控制信息。",
        1062: "服务尚未启动。",
        1068: "依赖服务或组无法启动。",
    },
    nothing_listed="信息: 没有运行的任务匹配指定标准。",
    nothing_ended="信息: 没有运行的带有指定标准的任务。",
    ended="成功: 已终止 PID 为 {pid} 的进程。",
    ended_by_name='成功: 已终止进程 "{image}"，其 PID 为 {pid}。',
)

LANGUAGES: Mapping[str, Language] = {
    "en": Language(),
    "de": _GERMAN,
    "fr": _FRENCH,
    "ja": _JAPANESE,
    "zh": _CHINESE,
}
