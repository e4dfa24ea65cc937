"""The item types of the v3 API: which fields they have, and what the fields hold.

Names and order are those of the v3 spec. A field is written `name`, and what it holds follows from its name (see
`makini_sandbox.data.values`). `name?` is null in most rows. `name:Type` holds an object of another item type,
`name:[Type]` a list of them, `name:[@slug]` a list of rows of an entity, and `name:word` what a field of that name
would hold. `name!type` is declared as that type by the vendor's exports, whose generator often does not declare the
type that fits: see `makini_sandbox.documents.v3` for what it declares otherwise.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

SHAPES = {
    "Address": "country addressLines addressee? state? city postCode phone? email? notes? isActive createdAt updatedAt",
    "Contact": "name:person position phones? emails isActive isDefault",
    "Dimension": "length width height weight uomKey",
    "Organization": """
        key currencyKey name code description? addresses:[Address] billingAddress?:Address contacts:[Contact] createdAt
        updatedAt deletedAt
    """,
    "Site": """
        key organizationKey name code description? contact:Contact customerKey? lat lng address:Address
        billingAddress?:Address properties? notes? createdAt updatedAt deletedAt
    """,
    "Location": """
        key siteKey parentKey? teamKey? organizationKey name userManagerKey? description? code type address?:Address
        isActive contact?:Contact!string isDefault createdAt updatedAt deletedAt
    """,
    "Storeroom": """
        key parentKey? siteKey locationKey userManagerKey code name type description? priority createdAt updatedAt
        deletedAt
    """,
    "Account": "key code name description activatedAt expiresAt? createdAt updatedAt deletedAt",
    "Team": "key accountKey code name description? createdAt updatedAt deletedAt organizationKey",
    "Labor": """
        key organizationKeys!string siteKeys locationKeys accountKey vendorKey? userKey? code teamKey name:person
        firstName middleName? lastName roleName description? notes? isActive costUomKey currencyKey createdAt updatedAt
        deletedAt
    """,
    "User": """
        key organizationKey siteKeys locationKeys name:person roleName description? notes? isActive!string createdAt
        updatedAt deletedAt
    """,
    "UnitOfMeasure": "key name:unit code:unitCode rateBaseKey? rate isActive",
    "Company": """
        key parentKey? organizationKey name code addresses:[Address] billingAddress?:Address currencyKey notes?
        createdAt updatedAt deletedAt
    """,
    "Vendor": "key name code companyKey organizationKey createdAt updatedAt deletedAt",
    "Customer": """
        key name code organizationKey addresses:[Address]!string billingAddress?:Address!string companyKey createdAt
        updatedAt deletedAt
    """,
    "Stock": """
        key productKey? materialKey locationKey storeroomKey assetKey? position uomKey quantity!object reorderPoint
        expiresAt? reorderQuantity!object minLevel!object maxLevel!object reorderLevel createdAt updatedAt deletedAt
    """,
    "POLineItem": """
        key locationKey accountKey? vendorKey assetKey? materialKey productKey? statusKey storeroomKey lineNo code type
        name description? lineRef? quantity!object receivedQuantity!object uomKey currencyKey price!object
        discount!object lineTaxValue!object lineTotalValue!object notes? deliveryAt? dueAt? createdAt updatedAt
        deletedAt:never
    """,
    "PurchaseOrder": """
        key siteKey organizationKey orderDate!object vendorKey userRequestedKey userApprovedKey? orderNo statusKey title
        description? dueAt approvedAt? completedAt? shippingMethod shipmentDate? shipmentAddress?:Address
        billingAddress?:Address terms notes? deliveryAddress:Address currencyKey locationKey totalNetValue
        totalGrossValue updatedAt lineItems:[POLineItem]
    """,
    "LineItem": """
        key locationKey assetKey statusKey materialKey storeroomKey vendorKey productKey price discount deliveryAt
        lineNo code name description lineRef quantity receivedQuantity type uomKey!object cost currencyKey
        lineTotalValue!object lineTaxValue!object notes dueAt createdAt updatedAt
    """,
    "SupplyOption": """
        vendorKey partNumber!array price!array uomKey!array currencyKey uomQuantity makePartNumber? reorderPoint
        createdAt updatedAt
    """,
    "PriceLevel": """
        name price uomKey uomQuantity currencyKey taxKey? minQuantity maxQuantity? updatedAt deletedAt:never
    """,
    "Inventory": "key code name quantity!integer unitCost!integer locationKey updatedAt createdAt",
    "MaterialItem": """
        key materialKey assemblyKey? assetKey? assetTemplateKey? workOrderKey pmKey? productionOrderKey? partNumber
        drawingNumber? positionNumber documentKey? name uomKey quantity!object requiredQuantity!object createdAt
        updatedAt deletedAt
    """,
    "Document": "key entityKeys name:file url type contentType description? notes? createdAt updatedAt",
    "Drawing": "drawingNo drawingPos referenceNo? referencePos? documents?:[@documents]",
    "Part": """
        key siteKeys parentKeys? assetKeys vendorKeys!string organizationKey documents?:[@documents] accountKey?
        categoryName code isAssembly partNumber name description? notes? criticality isActive manufacturerName
        minimumQuantity uomKey cost!object currency supplyOptions?:[SupplyOption] priceLevels?:[PriceLevel] createdAt
        updatedAt deletedAt inventory:@inventories drawings?:[Drawing] dimensions?:Dimension
    """,
    "Asset": """
        key siteKey parentKey? vendorKey? teamKey documents?:[@documents] locationKey customerKey? accountKeys!string
        name description? makeCompanyKey? assetTemplateKey isPhysical notes? categoryName criticality isActive makeName
        modelName serialNumber activatedAt deactivatedAt? createdAt updatedAt deletedAt
    """,
    "AssetDowntime": "key assetKey description startedAt endedAt? categoryName severity notes? createdAt updatedAt",
    "Model": "key siteKey documents?:[@documents] name manufacturerName createdAt updatedAt deletedAt",
    "Counter": """
        key siteKey assetKeys!string uomName uomKey lastReading!object lastReadingAt createdAt updatedAt deletedAt
    """,
    "CounterReading": "key assetKey meterKey reading createdAt",
    "WorkTrigger": "uomKey!object type:trigger interval recurring!string condition?",
    "Task": "key parentKey:never code title description? priority checkList",
    "Work": """
        laborKey vendorKey? assetKey teamKey? poKey? poLineItemKey? accountKey? name description? estimatedTime!object
        registeredTime!object rate cost startedAt!object finishedAt?!object createdAt!object updatedAt!object
        deletedAt:never!object
    """,
    "PreventiveMaintenance": """
        key assetKeys teamKey siteKey accountKey? title description? status severity laborAssignedKey estimatedTime
        roleName categoryName documents?:[@documents]!array assetTemplateKeys!string statusKey notes? dueAt categoryCode
        requiresMaterials triggers:[WorkTrigger] tasks:[Task] resources?:[Work] createdAt updatedAt deletedAt
    """,
    "CustomField": "name:customField",
    "WorkOrder": """
        key parentKey? locationKey siteKey assetKey accountKey? title serviceRequestKey? code pmKey? teamKey
        laborAssignedKey? userApprovedKey? assetDowntimeKey? organizationKey? instructions? status statusKey severity
        estimatedTime roleName? categoryName storeroomKey? notes? approvedAt? dueAt scheduledAt actualTime completedAt?
        completionRemarks? tasks?:[Task] documents?:[@documents] resources?:[Work] materialCount createdAt updatedAt
        deletedAt
    """,
    "ServiceRequest": """
        key siteKey locationKey storeroomKey? assetKey workOrderKey? teamKey? userRequestedKey userApprovedKey?
        laborAssignedKey? documents?:[@documents] title description? statusKey severity estimatedTime roleName?
        categoryName notes? approvedAt? dueAt? createdAt updatedAt deletedAt
    """,
    "Status": """
        key organizationKey parentKey:never name:listedStatus code:statusCode subCode? scope isActive createdAt
        updatedAt deletedAt:never
    """,
    "ReturnOrder": """
        key organizationKey siteKey vendorKey statusKey code poKey orderNo orderDate!object type title description?
        dueAt!object approvedAt?!object completedAt?!object shippingMethod terms notes? currencyKey totalNetValue!object
        totalTaxValue!object totalGrossValue!object lineItems:[POLineItem] createdAt!object updatedAt!object
    """,
    "Tax": "key organizationKey name:tax type:taxType taxPercentage isActive createdAt updatedAt deletedAt:never",
    "Currency": """
        key name:currencyName code:currencyCode isBase!string isActive!string createdAt updatedAt deletedAt:never
    """,
    "ExchangeRate": "key currencyKey baseCurrencyKey rate createdAt",
    "Product": """
        key groupKey organizationKey uomKey code name description? type isTaxable taxKeys status:lifecycle price
        currencyKey quantity!object sku upc? ean? isbn?!string partNumber dimensions?:Dimension
        supplyOptions?:[SupplyOption] priceLevels?:[PriceLevel] createdAt updatedAt deletedAt
    """,
    "SalesLineItem": """
        productKey locationKey storeroomKey quantity!object quantityRequired price discount lineTaxValue lineTotalValue
        taxKey
    """,
    "SalesOrder": """
        key organizationKey customerKey userKey? code orderNumber date statusKey shipmentDate? contactPerson:person
        lines:[SalesLineItem] currencyKey currencyRate shipmentOrderKey? shipmentAddress:Address billingAddress?:Address
        createdAt updatedAt deletedAt
    """,
    "Project": "key siteKey name accountKey statusKey budget createdAt updatedAt deletedAt",
    "InvoiceLineItem": """
        key locationKey vendorKey productKey statusKey storeroomKey currencyKey lineNo code lineRef? quantity!object
        receivedQuantity uomKey price discount lineTaxValue lineTotalValue notes? deliveryAt? createdAt updatedAt
        deletedAt:never
    """,
    "Invoice": """
        key title customerKey? locationKey invoiceNumber vendorKey poKey statusKey lineItems:[InvoiceLineItem]
        invoiceDate dueDate receivedDate? currencyKey totalNetValue totalTaxValue totalGrossValue salesOrderKey?
        createdAt updatedAt deletedAt
    """,
    "Receipt": """
        key siteKey vendorKey poKey code orderNo orderDate title description? completedAt? shippingMethod notes?
        currencyKey totalNetValue totalTaxValue totalGrossValue lineItems:[POLineItem] createdAt updatedAt
    """,
    "BOMLineItem": """
        locationKey materialKey productKey? currencyKey description? quantity!object uomKey notes? price createdAt
        updatedAt
    """,
    "BillOfMaterial": "key siteKey name projectKey? type:bomType lineItems:[BOMLineItem] createdAt updatedAt",
    "ProductionOrder": """
        key siteKey statusKey locationKey orderNo orderDate totalNetValue totalTaxValue totalGrossValue note?
        lineItems:[POLineItem] createdAt updatedAt deletedAt
    """,
    "Receiving": """
        key organizationKey siteKey vendorKey poKey code orderNo orderDate title description? completedAt?
        shippingMethod notes? currencyKey totalNetValue totalTaxValue totalGrossValue lineItems:[POLineItem] createdAt
        updatedAt
    """,
    "RequestForQuotation": """
        key siteKey vendorKey organizationKey accountKey? code statusKey shippingMethod shippingAddress:[Address]
        lineItems:[POLineItem] documentKeys!string totalNetValue totalTaxValue totalGrossValue createdAt updatedAt
        deletedAt
    """,
    "PurchaseRequisition": """
        key siteKey requesterKey accountKey? userRequestedKey userApprovedKey? code statusKey shippingMethod
        shippingAddress:Address lineItems:[POLineItem] documentKeys!string totalNetValue totalTaxValue totalGrossValue
        createdAt updatedAt deletedAt
    """,
    "StockLineItem": "productKey? materialKey quantity locationKey storeroomKey",
    "StockTransfer": """
        key organizationKey shipmentOrderKey? fromLocationKey toLocationKey fromStoreroomKey toStoreroomKey statusKey
        code date lineItems:[StockLineItem] orderNumber shipmentNumber? shipmentAddress?:Address shipmentRequired!string
        shippingMethod createdAt updatedAt deletedAt
    """,
    "Fulfillment": """
        key organizationKey siteKey vendorKey? customerKey salesOrderKey stockTransferKey? statusKey code orderNo
        orderDate title description? completedAt? notes? shipmentAddress:Address lineItems:[StockLineItem]!string
        createdAt updatedAt
    """,
    "ProductGroup": "key parentKey? code name description? updatedAt createdAt deletedAt",
    "StockAdjustment": """
        key locationKey storeroomKey userKey date reason lineItems:[StockLineItem] adjustmentNumber total!object
        type:adjustmentType createdAt updatedAt deletedAt
    """,
    "ShipmentOrder": """
        key userKey customerKey vendorKey? orderNumber shipmentNumber date statusKey lineItems:[StockLineItem]
        destinationAddress:[Address] carrierName shippingMethod notes? createdAt updatedAt deletedAt
    """,
}

_FIELD = re.compile(r"(?P<name>\w+)(?P<rare>\?)?(?::(?P<list>\[)?(?P<word>[@\w.-]+)\]?)?(?:!(?P<declared>\w+))?")


@dataclass(frozen=True)
class ShapeField:
    """A field of an item type.

    Attributes:
        name: Its name.
        word: What it holds: an item type, an entity after `@`, or the name of a maker of values.
        is_list: Whether it holds a list of them.
        is_rare: Whether it is null in most rows.
        declared: The type that the vendor's exports declare, None if it follows from what it holds.
    """

    name: str
    word: str
    is_list: bool = False
    is_rare: bool = False
    declared: str | None = None


@cache
def fields_of(shape: str) -> tuple[ShapeField, ...]:
    """Return the fields of an item type, in order.

    Raises:
        ValueError: There is no such item type, or a field of it cannot be read.
    """
    if shape not in SHAPES:
        raise ValueError(f"{shape}: no such item type; add it to SHAPES")
    return tuple(_parse(text) for text in SHAPES[shape].split())


def _parse(text: str) -> ShapeField:
    match = _FIELD.fullmatch(text)
    if match is None:
        raise ValueError(f"{text}: not a field of an item type")
    name = match["name"]
    return ShapeField(name, match["word"] or name, bool(match["list"]), bool(match["rare"]), match["declared"])
